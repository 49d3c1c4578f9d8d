import type { AskedRequest, ProviderAnswer } from '../provider-format.ts';
import { readFound, type FoundDevice } from './answer-shapes.ts';
import { comparable, nameOf } from './device-reference.ts';
import { zeroTouchErrors } from './error-catalogue.ts';
import { itemsOf } from './message-mapping.ts';
import { resultOf, type Told, type Verdict } from './result-shape.ts';

/** `undone`: what was asked for did not happen, or not yet. */
type Seen = Exclude<Verdict, { kind: 'open' }> | { readonly kind: 'undone' };

/**
 * What became of the devices that Google found for a question about one of them. A device that is as it was asked for is
 * done, whoever did it. One that is not: when Google is known to have worked on the request (it accepted it, or others
 * of its devices are done) the request is over, and the device failed. Otherwise the request never arrived, and goes out
 * again, which does no harm to devices that are done.
 *
 * @throws Fault UNKNOWN_ANSWER
 */
export function readReconciliation(document: unknown, asked: AskedRequest): ProviderAnswer {
  const found = readFound(document);
  const open = asked.orders.flatMap((order) => order.devices);
  const seen = open.flatMap(({ providerDeviceId }, index) => {
    const name = comparable(providerDeviceId);
    const records = found.filter((record) => namesOf(record).includes(name));
    // Nothing found at all is the answer about the device that was asked for, the first.
    const about = records.length > 0 || (index === 0 && found.length === 0);
    return about ? [{ name, state: stateOf(name, records, asked) }] : [];
  });
  const workedOn = asked.providerTransactionId !== null || open.length < itemsOf(asked.message).length;
  const told = seen.flatMap(({ name, state }): Told[] => {
    if (state.kind !== 'undone') return [{ names: [name], verdict: state }];
    return workedOn ? [{ names: [name], verdict: { kind: 'failed', errors: [notDone(asked)] } }] : [];
  });
  if (seen.length > 0 && told.length === 0) return { kind: 'not-found' };
  return { kind: 'result', ids: {}, result: resultOf(told) };
}

const namesOf = ({ deviceIdentifier }: FoundDevice): string[] =>
  deviceIdentifier.flatMap((identifier) => nameOf(identifier) ?? []).map(comparable);

/** After an unclaim the record of a device stays, without the claim. */
function stateOf(name: string, records: readonly FoundDevice[], asked: AskedRequest): Seen {
  if (!isClaim(asked)) {
    return records.some((record) => zeroTouchClaims(record).length > 0)
      ? { kind: 'undone' }
      : { kind: 'succeeded', recordId: '' };
  }
  const customer = customerOf(name, asked);
  const claimed = records.find((record) =>
    zeroTouchClaims(record).some(
      ({ ownerCompanyId }) => ownerCompanyId === '' || ownerCompanyId === customer,
    ),
  );
  return claimed ? { kind: 'succeeded', recordId: claimed.deviceId } : { kind: 'undone' };
}

const isClaim = ({ message }: AskedRequest): boolean => message.stem === 'claim';

const notDone = (asked: AskedRequest) =>
  zeroTouchErrors.describe({ code: isClaim(asked) ? 'NOT_CLAIMED' : 'STILL_CLAIMED', message: '' });

/** A device may be locked to a carrier besides, by a claim of another section. */
const zeroTouchClaims = ({ claims }: FoundDevice) =>
  claims.filter(({ sectionType }) => sectionType === 'SECTION_TYPE_ZERO_TOUCH');

const customerOf = (name: string, { message }: AskedRequest): string | undefined =>
  itemsOf(message).find(({ deviceIdentifier = {} }) => comparable(nameOf(deviceIdentifier) ?? '') === name)
    ?.customerId;
