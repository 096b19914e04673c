export { observeReports } from './observe-reports.js';
