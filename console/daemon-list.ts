import type { Config } from '../shared/runtime/config-schema.ts';
import { Fault } from '../shared/runtime/faults.ts';
import { extractorIntake, inboxNames, outboxPlace, spoolProviders } from '../shared/runtime/paths.ts';

/** The processes of the product as CMP names its daemons. Pure. */

export interface DaemonInfo {
  readonly name: string;
  readonly type: string;
  readonly category: string;
  readonly activity: string;
  readonly details: string;
  readonly direction: string;
  /** Inboxes that it works off. */
  readonly inboxes: (config: Config) => readonly string[];
  /** Folders that it publishes into, relative to the spool. */
  readonly outboxes: (config: Config) => readonly string[];
  /** The part of the configuration that is about it. */
  readonly settings: (config: Config) => object;
}

const isLoaders = (name: string): boolean =>
  name === 'inboundDeviceEnrolment' || name === 'inboundSalesOrderDispatch';

export const daemonList: readonly DaemonInfo[] = [
  {
    name: 'loader',
    type: 'Load',
    category: 'Device Enrolment',
    activity: 'From Generic Format',
    details: 'Opens sealed generic files and makes batches of them, which the matching job then processes.',
    direction: 'inbound',
    inboxes: (config) => inboxNames(config).filter(isLoaders),
    outboxes: () => [],
    settings: ({ loader, inboxes }) => ({
      loader,
      inboxes: Object.fromEntries(Object.entries(inboxes).filter(([name]) => isLoaders(name))),
    }),
  },
  {
    name: 'extractor',
    type: 'Extract',
    category: 'Device Enrolment',
    activity: 'To Generic Format',
    details: 'Makes sealed generic files of prepared batches, for conversion into a provider’s format.',
    direction: 'outbound',
    inboxes: () => [],
    outboxes: (config) => [outboxPlace(config, 'deviceEnrolmentRequest')],
    settings: ({ extractor, outboxes }) => ({
      extractor,
      outboxes: { deviceEnrolmentRequest: outboxes.deviceEnrolmentRequest },
    }),
  },
  {
    name: 'adaptor',
    type: 'Transformation',
    category: 'Device Enrolment',
    activity: 'Device Enrolment Adaptor',
    details: 'Sends requests to the providers in their formats, and their answers back as generic files.',
    direction: 'both',
    inboxes: (config) => inboxNames(config).filter((name) => !isLoaders(name)),
    outboxes: (config) => [
      outboxPlace(config, 'deviceEnrolmentResponse'),
      ...spoolProviders(config).map((id) => `provider/${id}/outbound`),
    ],
    settings: ({ inboxes, outboxes, providers }) => ({
      inboxes: { outboundDeviceEnrolment: inboxes.outboundDeviceEnrolment },
      outboxes: { deviceEnrolmentResponse: outboxes.deviceEnrolmentResponse },
      providers,
    }),
  },
  {
    name: 'scheduler',
    type: 'Batch',
    category: 'Device Enrolment',
    activity: 'Jobs',
    details: 'Runs the jobs: by schedule, when a batch is loaded, and when somebody asks for a run.',
    direction: 'both',
    inboxes: () => [],
    outboxes: () => [],
    settings: ({ scheduler, jobs }) => ({ scheduler, jobs }),
  },
  {
    name: 'console',
    type: 'Console',
    category: 'Administration',
    activity: 'Administration Console',
    details: 'Shows what the others do, and passes on what operators decide.',
    direction: 'none',
    inboxes: () => [],
    outboxes: () => [],
    settings: ({ console }) => ({ console }),
  },
];

/** What it takes in, and can be paused: its inboxes; the extractor, which has none, as a whole. */
export const intakesOf = (daemon: DaemonInfo, config: Config): readonly string[] =>
  daemon.name === extractorIntake ? [extractorIntake] : daemon.inboxes(config);

/** @throws Fault NOT_FOUND */
export function daemonNamed(name: string): DaemonInfo {
  const daemon = daemonList.find((known) => known.name === name);
  if (!daemon) throw new Fault('NOT_FOUND', `there is no daemon ${name}`);
  return daemon;
}
