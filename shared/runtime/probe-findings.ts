import type { Finding, SettingPath } from './config-rules.ts';
import type { Config } from './config-schema.ts';
import { addressMistake } from './https-rules.ts';
import type { NoticeConfig } from './notice-schema.ts';
import { inboxNames } from './paths.ts';

/** What the schema cannot say of probes and notices. Pure; never quotes a value. */
export function probeFindings(config: Config): Finding[] {
  const { probes } = config;
  const at = (path: SettingPath, message: string): Finding => ({ path: ['probes', ...path], message });
  const ordered = targets(config)
    .filter(({ first, then }) => first > then)
    .map(({ path, message }) => at(path, message));
  const inboxes: readonly string[] = inboxNames(config);
  const strange = probes.expectDaily.inboxes
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !inboxes.includes(name))
    .map(({ index }) => at(['expectDaily', 'inboxes', String(index)], `is no inbox: ${inboxes.join(', ')}`));
  return [...ordered, ...strange, ...noticeFindings(probes.notices)];
}

interface Order {
  readonly path: SettingPath;
  readonly first: number;
  readonly then: number;
  readonly message: string;
}

/** Amber comes before red. */
function targets({ probes }: Config): Order[] {
  const upwards = (group: string, name: string, first: number, then: number): Order => ({
    path: [group, `amber${name}`],
    first,
    then,
    message: `must not be more than red${name}: amber comes first`,
  });
  const downwards = (group: 'keys' | 'certificates'): Order => ({
    path: [group, 'amberDays'],
    first: probes[group].redDays,
    then: probes[group].amberDays,
    message: 'must not be less than redDays: amber comes first',
  });
  const { backlog, responses, requests, rests, batches, expectDaily } = probes;
  const ofFiles = (['held', 'rejected', 'deferred'] as const).map((group) =>
    upwards(group, 'Files', probes[group].amberFiles, probes[group].redFiles),
  );
  return [
    upwards('backlog', 'Minutes', backlog.amberMinutes, backlog.redMinutes),
    upwards('expectDaily', 'Hour', expectDaily.amberHour, expectDaily.redHour),
    upwards('responses', 'Hours', responses.amberHours, responses.redHours),
    upwards('requests', 'Requests', requests.amberRequests, requests.redRequests),
    upwards('rests', 'Rests', rests.amberRests, rests.redRests),
    ...ofFiles,
    upwards('batches', 'Batches', batches.amberBatches, batches.redBatches),
    downwards('keys'),
    downwards('certificates'),
  ];
}

function noticeFindings({ mail, webhook, consoleUrl }: NoticeConfig): Finding[] {
  const finding = (path: SettingPath, message: string) => ({ path: ['probes', 'notices', ...path], message });
  const findings: Finding[] = [];
  if (mail.host !== '') {
    if (mail.from === '') findings.push(finding(['mail', 'from'], 'is needed to send e-mail'));
    if (mail.to.length === 0)
      findings.push(finding(['mail', 'to'], 'is needed: nobody would get the e-mail'));
    if ((mail.user === '') !== (mail.passwordFile === '')) {
      const missing = mail.user === '' ? 'user' : 'passwordFile';
      findings.push(finding(['mail', missing], 'is needed too: user and password belong together'));
    } else if (mail.user !== '' && mail.security === 'none') {
      findings.push(finding(['mail', 'security'], 'must not be none: the password would be sent in plain'));
    }
  }
  if (webhook.url !== '') {
    const mistake = addressMistake(webhook.url);
    if (mistake !== undefined) findings.push(finding(['webhook', 'url'], mistake));
    else if (webhook.url.includes('?'))
      findings.push(finding(['webhook', 'url'], 'must hold no question mark'));
    if (webhook.secretFile === '') {
      findings.push(
        finding(['webhook', 'secretFile'], 'is needed: without a signature anybody could post the same'),
      );
    }
  }
  if (consoleUrl !== '' && !/^https?:\/\/[^\s/?#@]+$/.test(consoleUrl)) {
    findings.push(
      finding(['consoleUrl'], 'must be http:// or https:// and the name of the server, nothing behind it'),
    );
  }
  return findings;
}
