import { expect, test } from 'vitest';
import { createAdmission } from './admission.js';

test('past the limit there is no room until somebody leaves', () => {
  const admission = createAdmission(100);
  const first = admission.enter(60);
  expect(admission.enter(50)).toBeUndefined();
  const second = admission.enter(40);
  expect(second?.grow(1)).toBe(false);
  first?.leave();
  first?.leave();
  expect(admission.bytesInFlight).toBe(40);
  expect(second?.grow(60)).toBe(true);
  second?.leave();
  expect(admission.bytesInFlight).toBe(0);
});

test('whoever is alone finds room, however much it needs', () => {
  const admission = createAdmission(100);
  const alone = admission.enter(1000);
  expect(alone?.grow(1000)).toBe(true);
  expect(admission.enter(1)).toBeUndefined();
  alone?.leave();
  expect(admission.enter(1)).toBeDefined();
});
