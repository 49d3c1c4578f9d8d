import type { AskedRequest, RequestedDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { canary } from '../documents.ts';
import { jsonReplies, plain, type Replies } from './good-reply.ts';

/** Transactions, alone as the second generation has them, or in a list as the first. */

const identifierOf = ({ providerDeviceId }: RequestedDevice): string =>
  providerDeviceId.slice(providerDeviceId.indexOf(':') + 1);

const errors = {
  done: {},
  failed: { code: 4092100, message: 'RESELLER_DEVICE_ALREADY_EXISTS', data: `no ${canary}` },
  open: { code: '' },
};

const listOf = (...transactions: unknown[]) => ({
  totalCount: transactions.length,
  totalPage: 1,
  pageNum: 0,
  transactions,
});

const transactions = (asked: AskedRequest, isListed: boolean) =>
  jsonReplies(
    (device, fate) => ({
      [device.providerDeviceId.startsWith('IMEI:') ? 'imei' : 'serialNumber']: identifierOf(device),
      ...errors[fate],
    }),
    (records) => {
      const { transactionId } = asked;
      const transaction = { transactionId, state: 'Complete', devices: asked.orders.flatMap(records) };
      return isListed ? listOf(transaction) : transaction;
    },
  );

export const knoxReplies: Replies = {
  theirs: (transactionId) => transactionId,
  to: (asked) => {
    const { transactionId } = asked;
    const accepted = { transactionId, state: 'Progress', code: 2000000, message: 'SUCCESS' };
    const rejected = { transactionId, state: 'Rejected', code: 4042104, message: 'CUSTOMER_NOT_FOUND' };
    return [
      ...transactions(asked, false),
      ...transactions(asked, true),
      ...plain(accepted, rejected, listOf(accepted), listOf(rejected), listOf()),
      ...plain({ code: 4042199, message: 'TRANSACTION_NOT_FOUND', data: canary }),
      ...plain({ code: '50000000', message: canary }),
    ];
  },
  success: () => /complete/i,
  nameOf: identifierOf,
};
