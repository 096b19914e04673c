export { start } from '@throughline/sdk/web/bare';
