import './telemetry.js';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { People } from './people.js';

createRoot(document.querySelector('#people')!).render(
  <StrictMode>
    <People />
  </StrictMode>,
);
