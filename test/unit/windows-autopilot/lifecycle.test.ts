import { randomUUID } from 'node:crypto';

import { windowsAutopilotApi } from '../../../demo/windows-autopilot-api.ts';
import { AutopilotService } from '../../../demo/windows-autopilot-service.ts';
import { lifecycleSuite, type Stage } from '../../support/lifecycle-suite.ts';
import { memberOf, spoiled } from '../../support/lifecycle.ts';

const stage: Stage = {
  member: memberOf('windows-autopilot'),
  open: () => {
    const service = new AutopilotService({ now: () => new Date(), newId: randomUUID });
    return {
      setting: { service: (secrets, now) => windowsAutopilotApi(secrets, service, now) },
      enrolled: () => service.enrolled(),
    };
  },
  atOnce: { queuedPolls: 0, processingPolls: 0 },
  late: { queuedPolls: 2, processingPolls: 1 },
  cap: (devicesPerBatch) => ({ devicesPerBatch }),
  omit: (device) => ({ omitDevices: [device] }),
  refusal: '808',
  changes: ['^DELETE ', '^POST .*/deviceBatches$'],
  questions: ['/batchJobStatus/', '^GET .*/devices$', '/oauth2/token'],
  neverEnrolled: { 99: 'NOT_ENROLLED' },
  voidsByDevice: true,
  denied: { transport: [{ match: '/customers/', status: 403, body: { code: 2000, description: 'no' } }] },
  busy: { status: 500, body: { code: 5000, description: 'Sequence contains no matching element' } },
  refusedAndLost: ['not_in_batch', 'not_in_batch'],
  ways: [{ quirks: ['finished on top'] }, { codes: 'number' }, { queuedPolls: 2 }],
  credentials: ({ caller }) => spoiled(caller.clientSecretFile),
  tokens: true,
  voidAfterReturn: true,
};

lifecycleSuite('Windows Autopilot', stage);
