import { readFile } from 'node:fs/promises';

import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import type { TestInstallation } from '../../support/installation.ts';
import { damaged, orders, requestDocument, seal } from '../fixtures.ts';
import { runWell } from '../run.ts';
import { branch, requestInbox, takeOut, tracesOf, type Trunk } from '../trunk.ts';
import { branchWithoutFresh, endsOf, loose, type Ending, type Stage } from './stage.ts';

/** The request job takes up what has come since its last run. */
export async function requestFresh(installation: TestInstallation): Promise<void> {
  await runWell(installation, ['job', 'run', 'deviceEnrolmentRequest']);
}

export async function extractorOfBatches(trunk: Trunk): Promise<Stage> {
  return {
    name: 'extractor: batches',
    daemon: 'extractor',
    template: await branch(trunk, requestInbox, []),
    ends: {},
    fresh: requestFresh,
  };
}

export async function adaptorOfRequests(trunk: Trunk): Promise<Stage> {
  const { installation, own, warehouse } = trunk;
  const { batch, requestFile } = await tracesOf(trunk, orders.unmappable);
  await takeOut(installation, requestInbox, requestFile); // Another takes its place.
  const partly = await tracesOf(trunk, orders.partly);
  const refused = await tracesOf(trunk, orders.refused);
  const good = await readFile(installation.spool(requestInbox, 'in', partly.requestFile));
  const request = (identifier: number, providerId: string) =>
    Buffer.from(
      writeDocument(deviceEnrolmentRequest, requestDocument(identifier, providerId, orders.unmappable)),
    );
  const bad: Ending[] = [
    [loose('damaged.pgp', damaged(good)), 'PGP_INTEGRITY'],
    [loose('foreign.pgp', await seal(request(batch, 'apple'), warehouse, 'cmp')), 'PGP_WRONG_SIGNER'],
    [loose('nowhere.pgp', await seal(request(batch, 'nowhere'), own)), 'UNKNOWN_PROVIDER'],
    [loose('no-batch.pgp', await seal(request(999_999, 'apple'), own)), 'UNKNOWN_BATCH'],
  ];
  return {
    name: 'adaptor: requests',
    daemon: 'adaptor',
    ends: { ...endsOf(bad), [partly.requestFile]: 'done', [refused.requestFile]: 'done' },
    ...(await branchWithoutFresh(trunk, requestInbox, bad, (traces) => traces.requestFile)),
  };
}
