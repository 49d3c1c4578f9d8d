import type { DeviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';

/**
 * The time of the batch and its number: numbers of batches begin again when a store is made anew, so that the number
 * alone would come twice.
 */
export const batchStamp = ({ batchDateTime, identifier }: DeviceEnrolmentRequest): string =>
  `${Math.floor(Date.parse(batchDateTime) / 1000).toString(36)}-${identifier}`;

/** Our id of the n-th request of a file, from 1: the same for the same file, so that it is known when mapped again. */
export const transactionIdOf = (document: DeviceEnrolmentRequest, n: number): string =>
  `${batchStamp(document)}-${n}`;

/** The id of another request of the same batch. */
export const siblingId = (transactionId: string, n: number): string =>
  `${transactionId.slice(0, transactionId.lastIndexOf('-'))}-${n}`;
