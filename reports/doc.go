// Package reports keeps the lab notebook. Every experiment becomes an [Entry]: question,
// answer in one line, method, tables, figures, exclusions, caveats, provenance, and the
// command that repeats it. An Entry renders as Markdown with pictures beside it, as JSON for
// programs, and as short text for the terminal ([Terminal]).
//
// [Train] and [Ablate] turn results into entries; [Notebook.Add] numbers an entry, writes it
// and brings the notebook's index up to date. All wording, all number formatting ([Number],
// [Percent], [Points], [PValue] and the intervals), all tables, plots and thumbnails are made
// here and nowhere else, so that every report speaks the same language.
//
// The package computes no statistics: intervals and p-values arrive with the results. The
// same result gives the same bytes; only an entry's header line (time, host, duration) may
// differ between two runs.
package reports
