import type { Admission } from './admission.js';
import type { ExportRequest, Intake, Verdict } from './intake.js';

/**
 * For receivers that hold a request whole when they hear of it: what is in memory is bounded, then the request is made durable. Never rejects. A receiver
 * that reads a body piece by piece enters the admission itself, before there is anything to hold.
 */
export async function submitWhole(
  { intake, admission }: { readonly intake: Intake; readonly admission: Admission },
  request: ExportRequest,
): Promise<Verdict> {
  const ticket = admission.enter(request.bytes.length);
  if (ticket === undefined) return { kind: 'busy', message: admission.noRoom.message };
  try {
    return await intake.submit(request);
  } finally {
    ticket.leave();
  }
}
