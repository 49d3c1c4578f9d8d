import { samsungKnoxApi } from '../../../demo/samsung-knox-api.ts';
import { KnoxService } from '../../../demo/samsung-knox-service.ts';
import { lifecycleSuite, type Stage } from '../../support/lifecycle-suite.ts';
import { memberOf, spoiled, type Setting } from '../../support/lifecycle.ts';

const member = memberOf('samsung-knox');

const stageOf = (base: string, tokens: boolean, denied: object, setting: Partial<Setting> = {}): Stage => ({
  member,
  open: () => {
    const service = new KnoxService();
    return {
      setting: { service: (secrets, now) => samsungKnoxApi(secrets, service, now), ...setting },
      enrolled: () => service.enrolled(),
    };
  },
  atOnce: { pendingPolls: 0 },
  late: { pendingPolls: 3 },
  cap: (devicesPerRequest) => ({ devicesPerRequest }),
  omit: (device) => ({ omitDevices: [device] }),
  refusal: '40000004',
  changes: [`PUT ${base}/delete`, `PUT ${base}(/upload)?(?!.*delete)`],
  questions: [`GET ${base}/status`, ...(tokens ? ['/oauth2/token'] : [])],
  neverEnrolled: { 99: 'NOT_ENROLLED' },
  voidsByDevice: true,
  denied,
  busy: { status: 500, body: { errorId: 'e', code: 50000000, message: 'INTERNAL_SERVER_ERROR', data: '' } },
  refusedAndLost: ['40000004', '40000004'],
  ways: [
    { codes: 'text' },
    { codes: 'number' },
    { unknownTransaction: 'empty' },
    { rejectedWith200: true },
    { pendingPolls: 2 },
  ],
  credentials: ({ caller }) => spoiled(tokens ? caller.clientSecretFile : caller.tokenFile),
  tokens,
  voidAfterReturn: true,
});

const second = stageOf('/kcs/v1/rp/devices', true, { resellers: ['1000000009'] });
const unauthorised = { status: 401, body: { code: 4012100, message: 'UNAUTHORIZED', data: '' } };
const first = stageOf(
  '/bulkenroll/v1/reseller/devices',
  false,
  { transport: [unauthorised] },
  {
    settings: { account: { generation: 1, resellerId: '1000000001' } },
    authentication: ({ caller: { tokenFile } }) => ({
      authentication: 'token',
      tokenHeader: 'X-WSM-API-TOKEN',
      tokenFile,
    }),
  },
);

lifecycleSuite('Samsung Knox, second generation', second);
lifecycleSuite('Samsung Knox, first generation', first);
