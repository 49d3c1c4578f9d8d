import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { googleZeroTouchApi } from '../../../demo/google-zero-touch-api.ts';
import { ZeroTouchService } from '../../../demo/google-zero-touch-service.ts';
import { lifecycleSuite, type Stage } from '../../support/lifecycle-suite.ts';
import { memberOf, spoiled } from '../../support/lifecycle.ts';

const stage: Stage = {
  member: memberOf('google-zero-touch'),
  open: () => {
    const service = new ZeroTouchService();
    return {
      setting: { service: (secrets, now) => googleZeroTouchApi(secrets, service, now) },
      enrolled: () => service.enrolled(),
    };
  },
  atOnce: { pendingPolls: 0 },
  late: { pendingPolls: 3 },
  cap: (devicesPerRequest) => ({ devicesPerRequest }),
  omit: (device) => ({ unreadDevices: [device] }),
  // A device that Google did not read was not claimed.
  omitted: 'NOT_CLAIMED',
  refusal: 'SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS',
  changes: [':unclaimAsync', ':claimAsync'],
  questions: ['/operations/', ':findByIdentifier', '/token'],
  neverEnrolled: { 99: 'NOT_ENROLLED' },
  voidsByDevice: true,
  denied: { termsAccepted: false },
  busy: { status: 503, body: { error: { code: 503, message: 'later', status: 'UNAVAILABLE' } } },
  // Nothing is claimed of what is asked about first: the request goes again, and Google tells.
  refusedAndLost: ['SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS', 'NOT_CLAIMED'],
  ways: [{ pendingPolls: 2 }],
  credentials: ({ caller }) => wrongServiceAccount(caller.serviceAccountFile),
  tokens: true,
  voidAfterReturn: true,
};

/** The key of another account. */
function wrongServiceAccount(file: string) {
  const { spoil, mend } = spoiled(file);
  return {
    spoil: async () => {
      const account = JSON.parse(await readFile(file, 'utf8')) as object;
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      await spoil(JSON.stringify({ ...account, private_key: privateKey }));
    },
    mend,
  };
}

lifecycleSuite('Google zero-touch', stage);
