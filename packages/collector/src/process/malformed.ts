/** The bytes are not the protobuf message they should be. Thrown inside `process/` only; its callers see a tagged result. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}
