package reports

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Table is a table with its footnotes. Cells are plain text; numbers come formatted.
type Table struct {
	Caption string // empty where the section's title says it
	Columns []Column
	Rows    [][]string
	Notes   []Note
	// Terminal marks the tables that Terminal shows.
	Terminal bool
}

// Column is a column's heading. Numbers go to the right.
type Column struct {
	Name  string
	Right bool
}

// Note is a footnote, printed under the table: a warning or an explanation.
type Note struct {
	Text string
	// Row is the row it belongs to, counted from 1; 0 for the whole table.
	Row int
	// Col is the column of that row that gets the mark, counted from 0.
	Col int
}

// textColumns are columns of text.
func textColumns(names ...string) []Column { return columns(false, names) }

// numberColumns are columns of numbers.
func numberColumns(names ...string) []Column { return columns(true, names) }

func columns(right bool, names []string) []Column {
	var c []Column
	for _, n := range names {
		c = append(c, Column{n, right})
	}
	return c
}

// marked are the rows with the footnotes' marks on their cells, and the lines that explain
// them. Notes on the whole table have no mark and come first.
func (t Table) marked() (rows [][]string, notes []string) {
	rows = make([][]string, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = append([]string(nil), r...)
	}
	var numbered []string
	for _, n := range t.Notes {
		if n.Row == 0 {
			notes = append(notes, n.Text)
			continue
		}
		mark := superscript(len(numbered) + 1)
		rows[n.Row-1][n.Col] += " " + mark
		numbered = append(numbered, mark+" "+n.Text)
	}
	return rows, append(notes, numbered...)
}

func superscript(n int) string {
	var b strings.Builder
	for _, d := range fmt.Sprint(n) {
		b.WriteRune([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[d-'0'])
	}
	return b.String()
}

// markdown is the table as Markdown source whose columns line up.
func (t Table) markdown(rows [][]string) string {
	return t.render(rows, escape, renderer.NewMarkdown())
}

// Text is the table for a terminal, with its notes: one line under the headings, no other
// borders.
func (t Table) Text() string {
	rows, notes := t.marked()
	out := t.render(rows, plain, renderer.NewBlueprint(tw.Rendition{
		Symbols: tw.NewSymbols(tw.StyleLight),
		Borders: tw.BorderNone,
		Settings: tw.Settings{
			Separators: tw.Separators{ShowHeader: tw.On, ShowFooter: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.Off},
			Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
		},
	}))
	var b strings.Builder
	for line := range strings.Lines(out) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	for _, n := range notes {
		b.WriteString(wrap(n, terminalWidth))
	}
	return b.String()
}

// render hands the table to tablewriter with everything it would change by itself (upper-case
// headings, wrapped and trimmed cells, widths by the user's locale) switched off.
func (t Table) render(rows [][]string, clean func(string) string, r tw.Renderer) string {
	align := make(tw.Alignment, len(t.Columns))
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i], align[i] = clean(c.Name), tw.AlignLeft
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	var b strings.Builder
	w := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(r),
		tablewriter.WithEastAsian(tw.Off), // or "−" would be two columns wide in some locales
		tablewriter.WithConfig(tablewriter.Config{Header: cells, Row: cells}))
	w.Header(heads)
	for _, row := range rows {
		cleaned := make([]string, len(row))
		for i, cell := range row {
			cleaned[i] = clean(cell)
		}
		if err := w.Append(cleaned); err != nil {
			panic(err) // strings in memory
		}
	}
	if err := w.Render(); err != nil {
		panic(err)
	}
	return b.String()
}
