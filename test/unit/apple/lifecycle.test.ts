import { AppleService } from '../../../demo/apple-service.ts';
import { appleApi } from '../../../demo/apple-api.ts';
import { lifecycleSuite, type Stage } from '../../support/lifecycle-suite.ts';
import { memberOf, strangersCertificate } from '../../support/lifecycle.ts';

const stage: Stage = {
  member: memberOf('apple'),
  open: () => {
    let ids = 0;
    const service = new AppleService({ now: () => new Date(), newId: () => `id-${++ids}` });
    return {
      setting: { service: (secrets) => appleApi(secrets, service) },
      enrolled: () => service.enrolled(),
    };
  },
  atOnce: { pendingQuestions: 0 },
  late: { pendingQuestions: 3 },
  cap: (devicesPerTransaction) => ({ devicesPerTransaction }),
  omit: (device) => ({ omitDevices: [device] }),
  refusal: 'DEP-ERR-DE-4304',
  changes: ['bulk-enroll-devices'],
  questions: ['check-transaction-status', 'show-order-details'],
  neverEnrolled: { 99: 'DEP-ERR-OR-4109' },
  voidsByDevice: false,
  denied: { resellerIds: ['another'] },
  busy: { status: 200, body: { errorCode: 'GRX-50072', errorMessage: 'System error' } },
  // The order shows what is enrolled, not what was refused: people have to look.
  refusedAndLost: ['open', 'open'],
  ways: [
    { quirks: ['complete on top', 'blank before status', 'no transaction id'] },
    { errorShape: 'bare', pendingQuestions: 2 },
    { errorShape: 'array', refuseQuestions: 2 },
    { errorShape: 'object', refuseTransactions: 1 },
  ],
  credentials: strangersCertificate,
  tokens: false,
  voidAfterReturn: false,
};

lifecycleSuite('Apple', stage);
