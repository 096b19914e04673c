export { shareWithWorkers, type WorkerSharing } from './share-with-workers.js';
