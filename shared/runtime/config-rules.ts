import type { Config, InboxConfig } from './config-schema.ts';
import { consoleFindings } from './console-rules.ts';
import { cronMistake, isTimeZone } from './cron-rules.ts';
import { mappingFindings } from './configured-format-rules.ts';
import { httpsFindings } from './https-rules.ts';
import { listenFindings, metricsFindings } from './listen-rules.ts';
import { outboxPlace } from './paths.ts';
import { matchesPattern } from './patterns.ts';
import { probeFindings } from './probe-findings.ts';
import type { ProviderConfig } from './provider-schema.ts';

/** Where a setting stands: the keys from the root of the file to it. */
export type SettingPath = readonly string[];

/** Something wrong with a setting. The message never quotes a value: it might be a secret in the wrong place. */
export interface Finding {
  readonly path: SettingPath;
  readonly message: string;
}

type Written = (path: SettingPath) => boolean;

/**
 * What the schema cannot say: settings that contradict each other, cron patterns, time zones, folders. Pure.
 * `written` tells whether a setting stands in the file, or only its default applies.
 */
export function ruleFindings(config: Config, written: Written): Finding[] {
  return [
    ...inboxEntries(config, written).flatMap(([path, inbox]) => inboxFindings(path, inbox, written)),
    ...inboxEntries(config, written).flatMap(([path, inbox]) => markerFindings(path, inbox)),
    ...ownMarkerFindings(config),
    ...outboxFindings(config),
    ...endpointFindings(config),
    ...loaderFindings(config),
    ...consoleFindings(config.console),
    ...metricsFindings(config.metrics),
    ...retryFindings(config),
    ...scheduleFindings(config),
    ...providerFindings(config),
    ...probeFindings(config),
  ];
}

/** A provider over HTTPS needs no inbox; while nothing is said of it, its defaults let nobody in. */
function inboxEntries(config: Config, written: Written): [SettingPath, InboxConfig][] {
  return [
    ...Object.entries(config.inboxes).map(([name, inbox]): [SettingPath, InboxConfig] => [
      ['inboxes', name],
      inbox,
    ]),
    ...Object.entries(config.providers)
      .filter(([id, { transport }]) => transport === 'spool' || written(['providers', id, 'inbox']))
      .map(([id, { inbox }]): [SettingPath, InboxConfig] => [['providers', id, 'inbox'], inbox]),
  ];
}

/**
 * The signature is part of the OpenPGP message, so plain files have none. Whoever switches encryption off says in the
 * same place that signatures are gone too; a default does not count as having asked for one.
 */
function inboxFindings(path: SettingPath, inbox: InboxConfig, written: Written): Finding[] {
  if (inbox.signature === 'forbidden') return [];
  const signature = [...path, 'signature'];
  if (inbox.encryption === 'none') {
    if (!written(signature)) return [];
    return [
      { path: signature, message: 'plain files (encryption: none) have no signature: write forbidden' },
    ];
  }
  if (inbox.signedBy.length > 0) return [];
  return [
    {
      path: [...path, 'signedBy'],
      message:
        'names nobody, so no signature would count: name the party, or write signature: forbidden ' +
        '(for plain files also encryption: none)',
    },
  ];
}

/** A marker that the inbox itself passes over is never seen, and neither is what waits for it. */
function markerFindings(path: SettingPath, { marker, ignore }: InboxConfig): Finding[] {
  if (marker === '' || !ignore.some((pattern) => matchesPattern(`x${marker}`, pattern))) return [];
  return [{ path: [...path, 'marker'], message: 'is ignored by this inbox, so that nothing would be taken' }];
}

/** What we publish ourselves is complete when it is visible, and has no marker. */
function ownMarkerFindings(config: Config): Finding[] {
  const outboxes = Object.keys(config.outboxes) as (keyof Config['outboxes'])[];
  const fed = outboxes.map((name) => outboxPlace(config, name));
  return Object.entries(config.inboxes)
    .filter(([name, { marker }]) => marker !== '' && fed.includes(`${name}/in`))
    .map(([name]) => ({
      path: ['inboxes', name, 'marker'],
      message: 'must be empty: an outbox of ours publishes into this inbox, and it makes no markers',
    }));
}

function outboxFindings(config: Config): Finding[] {
  return Object.entries(config.outboxes)
    .filter(([, outbox]) => !isInside(outbox.folder))
    .map(([name]) => ({
      path: ['outboxes', name, 'folder'],
      message: 'must be a folder inside spool.folder: neither absolute nor with . or .. in it',
    }));
}

function endpointFindings({ outboxes }: Config): Finding[] {
  const { endpoint } = outboxes.deviceEnrolmentResponse;
  if (endpoint.url === '') return [];
  return httpsFindings(['outboxes', 'deviceEnrolmentResponse', 'endpoint'], endpoint);
}

/** Pure. */
export function loaderFindings({ loader: { listen }, inboxes }: Config): Finding[] {
  const findings = listenFindings(['loader', 'listen'], listen);
  if (listen.address === '' || inboxes.inboundDeviceEnrolment.marker === '') return findings;
  const message = 'must be empty: what is posted to loader.listen comes without a marker';
  return [...findings, { path: ['inboxes', 'inboundDeviceEnrolment', 'marker'], message }];
}

function isInside(folder: string): boolean {
  return (
    !folder.includes('\0') && folder.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function retryFindings({ retry }: Config): Finding[] {
  if (retry.firstSeconds <= retry.maxSeconds) return [];
  return [{ path: ['retry', 'firstSeconds'], message: 'must not be more than retry.maxSeconds' }];
}

function scheduleFindings(config: Config): Finding[] {
  const findings = Object.entries(config.jobs).flatMap(([name, { schedule }]) => {
    const message = schedule === '' ? undefined : cronMistake(schedule);
    return message === undefined ? [] : [{ path: ['jobs', name, 'schedule'], message }];
  });
  if (isTimeZone(config.scheduler.timeZone)) return findings;
  return [
    ...findings,
    { path: ['scheduler', 'timeZone'], message: 'is no time zone; write a name like Europe/Berlin' },
  ];
}

function providerFindings(config: Config): Finding[] {
  return Object.entries(config.providers).flatMap(([id, settings]) => {
    const path = ['providers', id];
    return [
      ...accountFindings(path, settings),
      ...transportFindings(path, settings),
      ...(settings.format === 'configured' ? mappingFindings([...path, 'mapping'], settings.mapping) : []),
    ];
  });
}

function accountFindings(path: SettingPath, settings: ProviderConfig): Finding[] {
  if (settings.format !== 'apple' || isAppleTimeZone(settings.account.timeZone)) return [];
  const message = 'must be minutes west of UTC (-840 to 720), or a name like Europe/Berlin';
  return [{ path: [...path, 'account', 'timeZone'], message }];
}

function transportFindings(path: SettingPath, settings: ProviderConfig): Finding[] {
  if (settings.transport === 'spool') return [];
  const findings = httpsFindings([...path, 'https'], settings.https);
  const sheets = 'files' in settings && settings.files === 'csv';
  if (sheets)
    findings.push({ path: [...path, 'files'], message: 'sheets go over the spool only: write json' });
  if (settings.format === 'apple' && settings.account.wrapper !== 'none') {
    // SOAP over HTTPS has headers of its own, and the carriers' addresses are not published.
    const message = 'wrappers of carriers go over the spool only: write none';
    findings.push({ path: [...path, 'account', 'wrapper'], message });
  }
  return findings;
}

/** Minutes counted positive to the west, or a name (Apple reseller API as restated by integrators). */
function isAppleTimeZone(zone: string): boolean {
  if (/^-?\d{1,3}$/.test(zone)) return Number(zone) >= -840 && Number(zone) <= 720;
  return /^[A-Za-z]/.test(zone) && isTimeZone(zone);
}
