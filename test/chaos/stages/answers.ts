import { readFile } from 'node:fs/promises';

import { orders } from '../fixtures.ts';
import { answerInbox, takeOut, tracesOf, type Traces, type Trunk } from '../trunk.ts';
import { branchWithoutFresh, endsOf, json, loose, type Ending, type Stage } from './stage.ts';

type Asked = Pick<Traces, 'transaction'>;
const acknowledgementOf = ({ transaction = '' }: Asked) => `bulk-enroll-devices.${transaction}.json`;
const resultOf = ({ transaction = '' }: Asked, question = 1) =>
  `check-transaction-status.${transaction}.${question}.json`;

/** The provider has accepted the requests: the adaptor asks for their results. */
export async function adaptorOfAcknowledgements(trunk: Trunk): Promise<Stage> {
  const partly = await tracesOf(trunk, orders.partly);
  const refused = await tracesOf(trunk, orders.refused);
  const good = await readFile(trunk.installation.spool(answerInbox, 'in', acknowledgementOf(partly)));
  const bad: Ending[] = [
    [loose('bulk-enroll-devices.hello.json', json({ hello: 'world' })), 'UNKNOWN_ANSWER'],
    [loose('check-transaction-status.cut-off.json', good.subarray(0, -9)), 'JSON_MALFORMED'],
    [loose('empty.json', Buffer.alloc(0)), 'EMPTY_FILE'],
  ];
  return {
    name: 'adaptor: acknowledgements',
    daemon: 'adaptor',
    ends: { ...endsOf(bad), [acknowledgementOf(partly)]: 'done', [acknowledgementOf(refused)]: 'done' },
    ...(await branchWithoutFresh(trunk, answerInbox, bad, acknowledgementOf)),
  };
}

/** The provider says what became of each device; of one request first that it is not ready. */
export async function adaptorOfResults(trunk: Trunk): Promise<Stage> {
  const { installation, provider } = trunk;
  const partly = await tracesOf(trunk, orders.partly);
  const refused = await tracesOf(trunk, orders.refused);
  const questions = await provider.answerAll(); // The provider is still at work, and says so.
  const pending = await readFile(installation.spool(answerInbox, 'in', resultOf(refused)));
  for (const [name, question] of questions) {
    await takeOut(installation, answerInbox, name);
    const result = provider.service.answer('check-transaction-status', question, provider.rules);
    await installation.drop(answerInbox, name, json(result));
  }
  const other = await readFile(installation.spool(answerInbox, 'in', resultOf(partly)));
  const beside: Ending[] = [
    [loose(resultOf(refused, 0), pending), 'done'],
    [loose(resultOf(refused, 2), other), 'UNEXPECTED_ANSWER'],
  ];
  return {
    name: 'adaptor: results',
    daemon: 'adaptor',
    ends: { ...endsOf(beside), [resultOf(partly)]: 'done', [resultOf(refused)]: 'done' },
    ...(await branchWithoutFresh(trunk, answerInbox, beside, resultOf)),
  };
}
