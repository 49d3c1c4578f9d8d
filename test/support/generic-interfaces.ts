import { deviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import type { GenericInterface } from '../../shared/generic/generic-interface.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';

/** Every CMP interface of this product, for tests that are of all of them. */
export const interfaces: readonly GenericInterface[] = [
  deviceEnrolmentRequest,
  deviceEnrolmentResponse,
  salesOrderDispatch,
] as readonly GenericInterface[];
