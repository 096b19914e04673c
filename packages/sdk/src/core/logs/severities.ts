/** `SeverityNumber` of the API: the first of the errors, and the last there is. */
export const errorSeverity = 17;
export const lastSeverity = 24;
