/** The bytes are not the protobuf message they should be. Thrown inside `process/` only; its callers see a tagged result. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A resource or scope is repeated for so many rows that a request of this size becomes many times as much. */
export class TooManyCopies extends Error {
  override readonly name = 'TooManyCopies';
}
