import { readFile } from 'node:fs/promises';

import { deviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import { damaged, orders, seal, strayResponse } from '../fixtures.ts';
import { responseInbox, runDaemons, tracesOf, type Traces, type Trunk } from '../trunk.ts';
import { branchWithoutFresh, endsOf, loose, type Ending, type Stage } from './stage.ts';

const responseOf = ({ responseFile = '' }: Traces) => responseFile;
const stray = Buffer.from(writeDocument(deviceEnrolmentResponse, strayResponse));

export async function loaderOfResponses(trunk: Trunk): Promise<Stage> {
  const { installation, warehouse } = trunk;
  const freshFile = responseOf(await tracesOf(trunk, orders.fresh));
  const names = (await installation.files(responseInbox, 'in')).filter((name) => name !== freshFile);
  const good = await readFile(installation.spool(responseInbox, 'in', freshFile));
  const bad: Ending[] = [
    [loose('damaged.pgp', damaged(good)), 'PGP_INTEGRITY'],
    [loose('foreign.pgp', await seal(stray, warehouse, 'cmp')), 'PGP_WRONG_SIGNER'],
  ];
  return {
    name: 'loader: responses',
    daemon: 'loader',
    ends: { ...endsOf(bad), ...Object.fromEntries(names.map((name) => [name, 'done' as const])) },
    ...(await branchWithoutFresh(trunk, responseInbox, bad, responseOf)),
  };
}

/** Among the responses is one for an order of which nobody has asked. */
export async function schedulerOfResponses(trunk: Trunk): Promise<Stage> {
  const strayFile: Ending = [loose('stray.pgp', await seal(stray, trunk.own)), 'done'];
  const { template, fresh } = await branchWithoutFresh(trunk, responseInbox, [strayFile], responseOf);
  await runDaemons(template, 'loader');
  return {
    name: 'scheduler: responses',
    daemon: 'scheduler',
    template,
    ends: {},
    fresh: async (installation) => {
      await fresh(installation);
      await runDaemons(installation, 'loader');
    },
  };
}
