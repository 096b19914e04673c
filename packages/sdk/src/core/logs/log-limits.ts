/** How much one log record may hold (specification "LogRecord Limits"). */
export interface LogRecordLimits {
  /** Attributes of a record; later ones are dropped and counted on the wire. Default 128. */
  attributeCountLimit: number;
  /** UTF-16 units of a string in attributes, and bytes of bytes, however deep; longer ones are cut. The body is not. Default: no limit. */
  attributeValueLengthLimit: number;
}

export const defaultLogRecordLimits: LogRecordLimits = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Number.POSITIVE_INFINITY,
};
