import type { Finding, SettingPath } from './config-rules.ts';
import type { HttpsEndpointConfig } from './https-schema.ts';

type Setting = keyof HttpsEndpointConfig;
type SettingFinding = readonly [setting: Setting, message: string];

/** What the schema cannot say of the settings of a server that we call. Pure; never quotes a value. */
export function httpsFindings(path: SettingPath, settings: HttpsEndpointConfig): Finding[] {
  const findings = [
    ...urlFindings(settings),
    ...certificateFindings(settings),
    ...authenticationFindings(settings),
  ];
  return findings.map(([setting, message]) => ({ path: [...path, setting], message }));
}

function urlFindings({ url }: HttpsEndpointConfig): SettingFinding[] {
  const message = addressMistake(url);
  if (message !== undefined) return [['url', message]];
  if (url.includes('?')) return [['url', 'must end before a question mark: paths are put behind it']];
  return [];
}

/** What is wrong with the address of a server; undefined: nothing. */
export function addressMistake(text: string): string | undefined {
  if (text === '') return 'is missing';
  const url = URL.parse(text);
  if (url === null || !/^https:\/\/[^/]/i.test(text)) {
    return 'must be an address that begins with https:// and the name of the server';
  }
  if (url.username !== '' || url.password !== '' || /^https:\/\/[^/?#]*@/i.test(text)) {
    return 'must hold no user and no password: name the file that holds the secret';
  }
  return text.includes('#') ? 'must hold no #' : undefined;
}

function certificateFindings({ certificateFile, keyFile }: HttpsEndpointConfig): SettingFinding[] {
  if ((certificateFile === '') === (keyFile === '')) return [];
  return certificateFile === ''
    ? [['certificateFile', 'is missing: keyFile is its private key']]
    : [['keyFile', 'is missing: it is the private key of certificateFile']];
}

function authenticationFindings(settings: HttpsEndpointConfig): SettingFinding[] {
  const missing = needs[settings.authentication]
    .filter((setting) => settings[setting] === '')
    .map((setting): SettingFinding => [setting, `is needed with authentication: ${settings.authentication}`]);
  if (settings.authentication !== 'oauth2' || settings.tokenUrl === '') return missing;
  const message = addressMistake(settings.tokenUrl);
  return message === undefined ? missing : [...missing, ['tokenUrl', message]];
}

const needs: Readonly<Record<HttpsEndpointConfig['authentication'], readonly Setting[]>> = {
  certificate: ['certificateFile'],
  token: ['tokenFile'],
  oauth2: ['tokenUrl', 'clientId', 'clientSecretFile'],
  'google-service-account': ['serviceAccountFile'],
};
