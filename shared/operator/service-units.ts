import { Fault } from '../runtime/faults.ts';

/** The units of systemd, made from the templates in `config/systemd/templates/`. Pure. */

/** Each process, what it is for, and the credentials that it may find: `pgp-passphrase` stands for `enrol.pgp-passphrase`. */
export const services = {
  loader: {
    what: 'generic files in, batches out',
    credentials: ['pgp-passphrase', 'listen-key', 'listen-token'],
  },
  extractor: { what: 'batches in, generic files out', credentials: ['pgp-passphrase'] },
  adaptor: {
    what: 'generic files to providers, and their answers back',
    credentials: ['pgp-passphrase'],
  },
  scheduler: { what: 'jobs, probes and notices', credentials: ['mail-password', 'webhook-secret'] },
  console: { what: 'the Administration Console', credentials: ['console-key', 'console-metrics-token'] },
} as const;

export type ServiceName = keyof typeof services;
export const serviceNames = Object.keys(services) as ServiceName[];

/** Where an installation is, and who runs it. Paths are absolute. */
export interface ServiceSettings {
  readonly user: string;
  readonly group: string;
  /** Of several instances: the folder in which each has its home, named as the instance is. */
  readonly home: string;
  readonly instances: boolean;
  /** When it is not `<home>/config/enrol.yaml`. */
  readonly configFile?: string | undefined;
  /** Of Node. */
  readonly node: string;
  /** `bin/enrol.js`. */
  readonly program: string;
}

export interface UnitTemplates {
  readonly service: string;
  readonly target: string;
}

/** A file in the folder of units, by its path in there. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** A megabyte of them is 2^20 bytes. Of MemoryMax= there is as much left for what is not in V8's heap. */
const heapMegabytes = 1024;

const suffixOf = (instances: boolean, instance = ''): string => (instances ? `@${instance}` : '');

export const targetName = (instances: boolean, instance?: string): string =>
  `enrol${suffixOf(instances, instance)}.target`;

export const serviceName = (service: ServiceName, instances: boolean, instance?: string): string =>
  `enrol-${service}${suffixOf(instances, instance)}.service`;

/**
 * The target and a unit for each process; of several instances the templates of all.
 *
 * @throws Fault BAD_INPUT for what cannot stand in a unit
 */
export function serviceUnits(templates: UnitTemplates, settings: ServiceSettings): UnitFile[] {
  const { instances, user, group } = settings;
  const home = plain(settings.home) + (instances ? '/%i' : '');
  const values = {
    OF: instances ? ' (%i)' : '',
    // Among the units it is one of its own instance.
    TARGET: instances ? 'enrol@%i.target' : 'enrol.target',
    USER: account(user),
    GROUP: account(group),
    HOME: home,
    HOME_LISTED: quoted(home),
    PROTECT_HOME: pathsOf(settings).some(isAmongUsers) ? 'read-only' : 'yes',
  };
  const target = { path: targetName(instances), text: fill(templates.target, values) };
  const made = serviceNames.map((service) => ({
    path: serviceName(service, instances),
    text: fill(templates.service, {
      ...values,
      DESCRIPTION: `Device enrolment${values.OF}, ${service}: ${services[service].what}`,
      COMMAND: commandOf(service, home, settings),
      CREDENTIALS: credentialLines(['store-password', ...services[service].credentials], instances).join(
        '\n',
      ),
    }),
  }));
  return [target, ...made];
}

function commandOf(service: ServiceName, home: string, settings: ServiceSettings): string {
  const { node, program, configFile } = settings;
  const config = configFile === undefined ? [] : ['--config', plain(configFile)];
  return [
    plain(node),
    `--max-old-space-size=${heapMegabytes}`,
    plain(program),
    '--home',
    home,
    ...config,
    service,
  ]
    .map(word)
    .join(' ');
}

/** In the folders of credentials of the machine; what is not there is left out, and read from its file. */
export function credentialLines(names: readonly string[], instances: boolean): string[] {
  const prefix = instances ? 'enrol@%i' : 'enrol';
  return names.map((name) => `LoadCredentialEncrypted=${name}:${prefix}.${name}`);
}

const pathsOf = ({ home, node, program, configFile = '' }: ServiceSettings): string[] => [
  home,
  node,
  program,
  configFile,
];

/** Whether ProtectHome= hides it. */
export const isAmongUsers = (path: string): boolean => /^\/(home|root|run\/user)(\/|$)/.test(path);

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template asks for ${name}`);
    return value;
  });
}

/**
 * A path as it stands in a unit: systemd.unit(5) has `%` begin a specifier.
 *
 * @throws Fault BAD_INPUT for characters that would have to be escaped differently from line to line
 */
export function plain(path: string): string {
  if (!path.startsWith('/') || /["'\\\p{Cc}]/u.test(path))
    throw new Fault(
      'BAD_INPUT',
      `${path}: a path in a unit is absolute, without quotes, backslashes and control characters`,
    );
  return path.replaceAll('%', '%%');
}

/** One of several on a line. */
export const quoted = (path: string): string => (path.includes(' ') ? `"${path}"` : path);

/** A word of a command, where `$` begins a variable. */
const word = (text: string): string => quoted(text.replaceAll('$', '$$$$'));

/** @throws Fault BAD_INPUT */
function account(name: string): string {
  if (!/^[A-Za-z_][\w.-]{0,31}$/.test(name))
    throw new Fault('BAD_INPUT', `${name} is no name of a user or group`);
  return name;
}
