import { start } from '@throughline/sdk/tauri';

// Name, version and environment are those of the backend; batches go to it as bytes.
start();
