/** Three spans and the line through them. */
export function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <g fill="none" strokeLinecap="round" strokeWidth="2.6">
        <path d="M2.5 4.5h8.5" stroke="var(--service-3)" />
        <path d="M6 10h7.5" stroke="var(--service-5)" />
        <path d="M9.5 15.500h8" stroke="var(--service-1)" />
      </g>
      <path
        d="M4 1.500v3c0 3.500 5.500 2 6 5.500s1.500 4.500 5 5.500"
        fill="none"
        stroke="var(--text)"
        strokeWidth="1.100"
        strokeLinecap="round"
      />
    </svg>
  );
}
