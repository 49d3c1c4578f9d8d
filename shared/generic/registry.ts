import { deviceEnrolmentRequest } from './device-enrolment-request.ts';
import { deviceEnrolmentResponse } from './device-enrolment-response.ts';
import type { GenericInterface } from './generic-interface.ts';
import { salesOrderDispatch } from './sales-order-dispatch.ts';

/** Every CMP interface of this product. A new one is a file beside this one and a row here. */
export const interfaces: readonly GenericInterface[] = [
  deviceEnrolmentRequest,
  deviceEnrolmentResponse,
  salesOrderDispatch,
] as readonly GenericInterface[];
