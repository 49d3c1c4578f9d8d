import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import { readCertificates } from '../runtime/server-credentials.ts';
import { attempt } from './attempt.ts';
import type { Measured } from './measured.ts';

/** Our certificates: of the servers that we are, and those that we show to others. */
export async function measureCertificates({ home, config }: LoadedConfig): Promise<Measured['certificates']> {
  const { endpoint } = config.outboxes.deviceEnrolmentResponse;
  const providers = Object.entries(config.providers).filter(([, { transport }]) => transport === 'https');
  const places = [
    { setting: 'console', prefix: 'console', file: config.console.certificateFile },
    ...(config.loader.listen.address === ''
      ? []
      : [{ setting: 'loader.listen', prefix: 'listen', file: config.loader.listen.certificateFile }]),
    ...(endpoint.url === ''
      ? []
      : [
          {
            setting: 'outboxes.deviceEnrolmentResponse.endpoint',
            prefix: 'endpoint',
            file: endpoint.certificateFile,
          },
        ]),
    ...providers.map(([id, { https }]) => ({
      setting: `providers.${id}.https`,
      prefix: id,
      file: https.certificateFile,
    })),
  ];
  const shown = places.filter(({ file }) => file !== '');
  return Promise.all(
    shown.map(async ({ setting, prefix, file }) => ({
      setting,
      ends: await attempt(() => endOf(setting, { name: `${prefix}-certificate`, file: resolve(home, file) })),
    })),
  );
}

/** Of the first in the file: it is ours, behind it stand those who vouch for it. */
async function endOf(
  setting: string,
  source: { readonly name: string; readonly file: string },
): Promise<Date> {
  const text = await readCertificates(setting, source, process.env);
  return new X509Certificate(text).validToDate;
}
