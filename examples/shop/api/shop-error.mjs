/** Something the shop says no to: an HTTP status, a code for programs and a sentence for people. */
export class ShopError extends Error {
  constructor(statusCode, code, message) {
    super(message);
    this.name = 'ShopError';
    this.statusCode = statusCode;
    this.code = code;
  }
}
