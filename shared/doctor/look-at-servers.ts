import { CredentialFiles } from '../https/credentials.ts';
import { reach, type Reached } from '../https/reach.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { httpsClient, type HttpsClientConfig } from '../runtime/https-schema.ts';
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
 * known by it. Nothing is asked of them, and no access token is fetched.
 */
export async function lookAtServers(
  loaded: LoadedConfig,
  clock: Clock,
  offline: boolean,
): Promise<readonly Check[]> {
  const called = serversOf(loaded);
  if (called.length === 0) return [servers.ok('HTTPS', 'No server is called over HTTPS.')];
  const checks = await Promise.all(
    called.map((server) => looking(servers, server.name, () => lookAt(loaded, server, clock, offline))),
  );
  return checks.flat();
}

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
