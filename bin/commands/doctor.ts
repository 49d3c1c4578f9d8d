import type { Command } from 'commander';

import { examine } from '../../shared/doctor/examine.ts';
import { groups, type Check } from '../../shared/doctor/check.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { examples, sessionOf } from '../session.ts';

export function doctorCommands(enrol: Command): void {
  enrol
    .command('doctor')
    .description(
      `check the installation: program, machine, configuration, store, folders, disks, keys, servers, units; exit code ${exitCodes.alarm.code} if something is wrong`,
    )
    .option('--offline', 'connect to no server, save that of the store')
    .addHelpText('after', examples('enrol doctor', 'enrol doctor --offline --json'))
    .action(async ({ offline = false }: { offline?: boolean }, command: Command) => {
      const session = sessionOf(command);
      const checks = await examine({ place: session.place, clock: systemClock, offline });
      session.print(checks, [...groups.flatMap((group) => groupLines(group, checks)), summary(checks)]);
      if (checks.some(({ verdict }) => verdict === 'wrong')) process.exitCode = exitCodes.alarm.code;
    });
}

function groupLines(group: Check['group'], checks: readonly Check[]): string[] {
  const own = checks.filter((check) => check.group === group);
  return own.length === 0 ? [] : [group, ...own.flatMap(checkLines), ''];
}

const verdictWidth = 'not checked'.length;

function checkLines({ name, verdict, found, action }: Check): string[] {
  const indent = ' '.repeat(2 + verdictWidth + 2);
  const [first = '', ...rest] = found.split('\n');
  return [
    `  ${verdict.padEnd(verdictWidth)}  ${name}: ${first}`,
    ...rest.map((line) => indent + line),
    ...(action === null ? [] : [`${indent}→ ${action}`]),
  ];
}

function summary(checks: readonly Check[]): string {
  const count = (verdict: Check['verdict']) => checks.filter((check) => check.verdict === verdict).length;
  return `${checks.length} checks: ${count('wrong')} wrong, ${count('warning')} warning(s), ${count('not checked')} not checked.`;
}
