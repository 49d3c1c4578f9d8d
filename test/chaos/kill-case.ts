import { emptyTally, type Finding, type Tally } from './findings.ts';
import { canaries, deviceIds } from './fixtures.ts';
import { autopsy, compare, observe } from './oracle.ts';
import { findIn } from './plaintext.ts';
import { inCopy, type Passing, type PlayedStage } from './played-stage.ts';
import { listening, run, runWell, type Outcome } from './run.ts';

/** A daemon that is to be killed at one passing of a fail-point. */
export interface KillCase {
  readonly played: PlayedStage;
  readonly passing: Passing;
}

/**
 * Kills the daemon there, and looks at what it leaves behind; starts it again, lets something fresh come along, and
 * compares what comes of it with what comes of it without a kill.
 */
export async function killAt({ played: { stage, undisturbed }, passing }: KillCase): Promise<Tally> {
  const tally = { ...emptyTally(), kills: 1 };
  const point = `${passing.point}:${passing.n}`;
  const words = [stage.daemon, '--once'];
  let inHand: readonly string[] = [];
  const note = (findings: readonly Finding[]) => {
    const where = `${stage.name}, killed at ${point} with ${inHand.join(', ') || 'nothing'} in hand`;
    tally.findings.push(...findings.map(({ defect, what }) => ({ defect, what: `${where}\n    ${what}` })));
  };
  try {
    await inCopy(stage, async (installation) => {
      const killed = await run(installation, words, listening({ KILL_AT: point }));
      if (killed.signal === 'SIGKILL') tally.hits++;
      const dead = await autopsy(installation.home, canaries);
      inHand = dead.inHand;
      note(dead.findings);
      const recovered = await runWell(installation, words);
      await stage.fresh(installation);
      const afterwards = await runWell(installation, words);
      note([killed, recovered, afterwards].flatMap(saysDevices));
      note((await autopsy(installation.home, canaries)).findings);
      const observed = await observe(installation);
      note(compare(undisturbed, observed));
      tally.files = observed.get('delivery')?.length ?? 0;
    });
  } catch (error) {
    note([{ defect: 'lost', what: error instanceof Error ? error.message : String(error) }]);
  }
  return tally;
}

/** Devices have no business in what a process says. */
const saysDevices = ({ stdout, stderr }: Outcome): Finding[] =>
  findIn('what the process said', stdout + stderr, deviceIds);
