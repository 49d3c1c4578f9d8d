import { CredentialFiles } from '../https/credentials.ts';
import { reach, type Reached } from '../https/reach.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { httpsClient, type HttpsClientConfig } from '../runtime/https-schema.ts';
import { Fault } from '../runtime/faults.ts';
import type { MailConfig } from '../runtime/notice-schema.ts';
import { checksOf, type Check } from './check.ts';
import { skewCheck } from './host-rules.ts';
import { looking } from './looking.ts';

const servers = checksOf('Servers');

/** A server whose certificate ends within so many days is worth a word to those who run it. */
const soonDays = 14;
const day = 86_400_000;

/** A server that we call over HTTPS. */
interface Server {
  /** Begins the names of its credentials, as where it is called: `<name>-key`. */
  readonly name: string;
  readonly settings: HttpsClientConfig;
}

/**
 * The servers that we call over HTTPS: what we prove with who we are can be read, and the server can be reached and is
 * known by it. Nothing is asked of them, and no access token is fetched. And the mail server: nothing is sent.
 */
export async function lookAtServers(
  loaded: LoadedConfig,
  clock: Clock,
  offline: boolean,
): Promise<readonly Check[]> {
  const called = serversOf(loaded);
  const checks = await Promise.all([
    ...called.map((server) => looking(servers, server.name, () => lookAt(loaded, server, clock, offline))),
    looking(servers, 'mail', () => lookAtMail(loaded, offline)),
  ]);
  const none = called.length === 0 ? [servers.ok('HTTPS', 'No server is called over HTTPS.')] : [];
  return [...none, ...checks.flat()];
}

/** The mail server of the notices, where there is one. @throws Fault KEY_UNREADABLE, SECRET_EXPOSED */
async function lookAtMail({ home, config }: LoadedConfig, offline: boolean): Promise<Check[]> {
  const { mail } = config.probes.notices;
  if (mail.host === '') return [];
  if (offline) return [servers.notChecked('mail', 'The doctor was told to stay offline.')];
  // Loaded only now: it takes its time, and no other check sends mail.
  const { greetMailServer } = await import('../probes/send-mail.ts');
  try {
    await greetMailServer(home, mail);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'NOTICE_UNDELIVERED') throw thrown;
    return [servers.wrong('mail', thrown.message, mailAction)];
  }
  const signedIn = mail.user === '' ? '' : ', and takes our password if it wants one';
  return [servers.ok('mail', `${mail.host}:${mail.port} answers ${encryptions[mail.security]}${signedIn}.`)];
}

const mailAction =
  'Check probes.notices.mail and the way to the server: notices wait until it takes them, and are given up in the end.';

const encryptions: Readonly<Record<MailConfig['security'], string>> = {
  starttls: 'over TLS, after STARTTLS',
  tls: 'over TLS',
  none: 'without TLS',
};

function serversOf({ config }: LoadedConfig): Server[] {
  const { endpoint } = config.outboxes.deviceEnrolmentResponse;
  const providers = Object.entries(config.providers).filter(([, { transport }]) => transport === 'https');
  return [
    ...providers.map(([name, { https }]) => ({ name, settings: https })),
    ...(endpoint.url === ''
      ? []
      : [{ name: 'endpoint', settings: { ...httpsClient().parse({}), ...endpoint } }]),
  ];
}

/** @throws Fault KEY_UNREADABLE, SECRET_EXPOSED, PROVIDER_… */
async function lookAt(
  { home }: LoadedConfig,
  { name, settings }: Server,
  clock: Clock,
  offline: boolean,
): Promise<Check[]> {
  const files = new CredentialFiles({
    settings,
    home,
    name,
    clock,
    environment: process.env,
    make: ({ secureContext }) => secureContext,
    onRefused: () => undefined,
  });
  const secureContext = await files.current();
  const credentials = servers.ok(`${name}: credentials`, 'They can be read, and belong together.');
  if (offline) return [credentials, servers.notChecked(name, 'The doctor was told to stay offline.')];
  const { url, connectSeconds } = settings;
  const seen = looking(servers, name, async () => {
    const reached = await reach({ name, url, secureContext, connectSeconds, now: () => clock.now() });
    return reachedChecks(name, new URL(url).origin, reached, clock.now());
  });
  return [credentials, ...(await seen)];
}

function reachedChecks(name: string, origin: string, reached: Reached, now: Date): Check[] {
  const { certificateEnds, protocol, time, askedAt } = reached;
  const days = Math.floor((certificateEnds.getTime() - now.getTime()) / day);
  const found = `${origin} answers over ${protocol}; its certificate fits, and ends in ${days} day(s).`;
  const skew = time && (askedAt.getTime() - time.getTime()) / 1000;
  return [
    days < soonDays
      ? servers.warning(name, found, 'Ask those who run the server whether they renew it in time.')
      : servers.ok(name, found),
    // The header tells whole seconds.
    ...(skew === undefined ? [] : [skewCheck(name, Math.abs(skew) <= 1 ? 0 : skew)]),
  ];
}
