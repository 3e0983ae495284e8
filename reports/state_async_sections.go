package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
)

// asyncMean is a mean with its interval, in two cells.
func asyncMean(i *ablate.Interval) []string {
	if i == nil {
		return []string{Missing, Missing}
	}
	return []string{Number(i.Estimate), Interval(i.Low, i.High)}
}

// asyncMeanOf is a mean of n images: one alone has no interval.
func asyncMeanOf(i *ablate.Interval, n int) []string {
	cells := asyncMean(i)
	if n < 2 {
		cells[1] = Missing
	}
	return cells
}

// asyncShare is a share of trials with its interval, in one cell.
func asyncShare(i ablate.Interval) string {
	return Percent(i.Estimate) + " " + strings.TrimSuffix(PercentInterval(i.Low, i.High), " %")
}

// groups are the groups of images that tables show, with their names.
func (r AsyncReport) groups() (names []string, groups []state.AsyncGroup) {
	x := r.Result
	add := func(format string, these ...state.AsyncGroup) {
		for _, g := range these[:min(len(these), listedGroups)] {
			names, groups = append(names, fmt.Sprintf(format, g.Name)), append(groups, g)
		}
	}
	add("%s images", x.All)
	add("of class %s", x.ByClass...)
	add("settle on %s", x.ByAnswer...)
	add("%s", x.ByDifficulty...)
	add("settle on the %s answer", x.ByOutcome...)
	return names, groups
}

// listedGroups is how many classes a table lists.
const listedGroups = 10

// more says how many classes a table leaves out.
func (r AsyncReport) more() []Note {
	if n := len(r.Result.ByClass) - listedGroups; n > 0 {
		return []Note{{Text: fmt.Sprintf("%d more classes only in the JSON file.", n)}}
	}
	return nil
}

// decisionSection is when the answer is decided.
func (r AsyncReport) decisionSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("images"), numberColumns("n", "decision", "95 % interval", "must change", "decision of these", "95 % interval", "settling")...), Terminal: true}
	names, groups := r.groups()
	for k, g := range groups {
		row := append([]string{names[k], Count(g.N)}, asyncMeanOf(&g.Decision, g.N)...)
		row = append(append(row, Count(g.MustChange)), asyncMeanOf(g.Change, g.MustChange)...)
		t.Rows = append(t.Rows, append(row, Number(g.Settling.Estimate)))
	}
	t.Notes = append([]Note{{Text: fmt.Sprintf("Mean times in updates a neuron. An image that begins with its answer and never leaves it decides at 0. Over the %s, half decide by %s and 95 %% by %s, half settle by %s and 95 %% by %s.",
		plural(r.trials(), "trial"), Number(x.Decisions.Median), Number(x.Decisions.High), Number(x.Settlings.Median), Number(x.Settlings.High))}}, r.more()...)
	tests := Table{Caption: "Tests", Columns: append(textColumns("what"), numberColumns("difference", "95 % interval", "p", "adjusted p")...)}
	for _, v := range x.Tests {
		tests.Rows = append(tests.Rows, append(append([]string{v.Name}, asyncMean(v.Difference)...), PValue(float64(v.P)), PValue(float64(v.Adjusted))))
	}
	if len(x.Classes) == 2 {
		tests.Notes = []Note{{Text: fmt.Sprintf("Differences are %s − %s.", x.Classes[1], x.Classes[0])}}
	}
	s := Section{"When it is decided", []Block{t, tests}}
	if said := r.classesSaid(); said != "" {
		s.Blocks = append(s.Blocks, Paragraph(said))
	}
	if len(x.Difficulty.Correlations) > 0 {
		c := Table{Caption: "Difficulty: rank correlation of the synchronous margin with the time (below 0: the harder, the later)",
			Columns: append(textColumns("images", "time"), numberColumns("n", "Spearman's ρ", "95 % interval")...)}
		correlations := x.Difficulty.Correlations
		if w := x.Difficulty.Within; w != nil {
			correlations = append([]state.AsyncCorrelation{*w}, correlations...)
			c.Notes = []Note{{Text: "Within answers: of ranks less the mean rank of the images that settle on the same answer and, alike, begin with it or not; so answers that take longer altogether do not enter."}}
		}
		for _, v := range correlations[:min(len(correlations), 2*listedGroups)] {
			c.Rows = append(c.Rows, append([]string{v.Images, v.Time, Count(v.N)}, asyncMean(&v.Rho)...))
		}
		s.Blocks = append(s.Blocks, c)
	}
	s.Blocks = append(s.Blocks, Figure{File: "decision.png", PNG: asyncDots{x}.png(),
		Alt:     "Scatter plot of decision time against the margin of the synchronous answer, a dot an image.",
		Caption: fmt.Sprintf("Decision time of each image, mean over its orders, by the margin of its synchronous answer. Dotted: terciles of the select images. n = %s on %s.", plural(x.Images, "image"), x.Split)})
	return s
}

// classesSaid says whether it is the start that makes one of two answers take longer.
func (r AsyncReport) classesSaid() string {
	x := r.Result
	if len(x.Classes) != 2 {
		return ""
	}
	var by []string
	for _, from := range state.AsyncStarts {
		for _, a := range x.Arms {
			if a.Rule == x.Rule && a.From == from && a.Answers != nil {
				what := "from " + string(from)
				if from == state.FromPrevious {
					what = "from another image's activity, which favours neither"
				}
				by = append(by, fmt.Sprintf("%s %s %s", Signed(a.Answers.Estimate), SignedInterval(a.Answers.Low, a.Answers.High), what))
			}
		}
	}
	if len(by) < 2 {
		return ""
	}
	return fmt.Sprintf("Is one answer slower, or only farther from the start? Images that settle on %s decide later than those that settle on %s, in updates a neuron, by %s.",
		x.Classes[1], x.Classes[0], enumerate(by))
}

// courseSection is the way from the start to the answer.
func (r AsyncReport) courseSection() Section {
	x := r.Result
	t := Table{Columns: numberColumns("time", "right", "as in the end", "decided", "settled", "margin", "95 % interval"),
		Notes: []Note{{Text: fmt.Sprintf("Shares of trials with 95 %% intervals, in %%. Right: the answer of the moment is the true class (settled: %s). As in the end: it is the final one. Margin: the final answer's logit less the strongest other, mean.",
			Percent(x.Accuracy))}}}
	for _, k := range asyncRows(len(x.Course)) {
		p := x.Course[k]
		t.Rows = append(t.Rows, append([]string{Number(p.Time), asyncShare(p.Accuracy), asyncShare(p.Final), asyncShare(p.Decided), asyncShare(p.Settled)}, asyncMean(&p.Margin)...))
	}
	if more := len(x.Course) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more moment") + " only in the JSON file."})
	}
	class, all := r.startAnswer()
	said := "Before anything has happened, " + r.shares() + "."
	if all {
		said = fmt.Sprintf("Every trial begins with the same answer, %s.", class)
		if class == "nothing" {
			said = "Every trial begins without an answer: all logits are equal."
		}
	}
	said += fmt.Sprintf(" From the decision to the last change it is %s updates a neuron more %s: the answer stands long before the network is at rest.", Number(x.Gap.Estimate), asyncRange(x.Gap))
	return Section{"How the answer forms", []Block{Paragraph(said), Figure{File: "course.png", PNG: asyncCourse{x}.png(),
		Alt:     "Shares of trials that answer rightly, have decided and have settled, over time.",
		Caption: fmt.Sprintf("Shares of %s over time; bands are 95 %% intervals over images.", plural(r.trials(), "trial"))}, t}}
}

// asyncRows are about a dozen of n places, the first and the last among them.
func asyncRows(n int) []int {
	const rows = 13
	var out []int
	for k := range min(n, rows) {
		out = append(out, k*(n-1)/max(1, min(n, rows)-1))
	}
	return out
}

// shares are the answers at the start.
func (r AsyncReport) shares() string {
	x := r.Result
	var parts []string
	for k, n := range x.StartAnswers {
		if n == 0 {
			continue
		}
		what := "no answer"
		if k < len(x.Classes) {
			what = x.Classes[k]
		}
		parts = append(parts, fmt.Sprintf("%s of the trials say %s", Percent(float64(n)/float64(r.trials())), what))
	}
	return enumerate(parts)
}

// waySection are the other answers.
func (r AsyncReport) waySection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("images"), numberColumns("n", "begin elsewhere", "ever elsewhere", "with a detour", "time elsewhere", "95 % interval", "changes", "95 % interval")...)}
	several := len(x.Classes) > 2
	if several {
		t.Columns = append(t.Columns, Column{"commonest other answer", false})
	}
	names, groups := r.groups()
	for k, g := range groups {
		row := []string{names[k], Count(g.N), asyncShare(g.Begins), asyncShare(g.Ever), asyncShare(g.Detour)}
		row = append(append(row, asyncMeanOf(&g.Wrong, g.N)...), asyncMeanOf(&g.Changes, g.N)...)
		if several {
			other := Missing
			if g.Others > 0 {
				other = fmt.Sprintf("%s, in %s of trials", g.Other, Percent(float64(g.Others)/float64(g.N*x.Orders)))
			}
			row = append(row, other)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append([]Note{{Text: "Shares of trials in % with 95 % intervals. Elsewhere: another answer than the final one; its time is in updates a neuron, and counts from the start. Changes: how often the answer changes."}}, r.more()...)
	blocks := []Block{Paragraph(r.onTheWay()), t}
	return Section{"Answers on the way", blocks}
}

func (r AsyncReport) onTheWay() string {
	x := r.Result
	said := fmt.Sprintf("%s of the trials give another answer than their final one at some time, most of them because they begin with it (%s); %s find the final answer, leave it and come back.",
		Percent(x.All.Ever.Estimate), Percent(x.All.Begins.Estimate), Percent(x.All.Detour.Estimate))
	if x.All.Begins.Estimate < x.All.Ever.Estimate/2 {
		said = fmt.Sprintf("%s of the trials give another answer than their final one at some time; %s begin with one, and %s find the final answer, leave it and come back.",
			Percent(x.All.Ever.Estimate), Percent(x.All.Begins.Estimate), Percent(x.All.Detour.Estimate))
	}
	for _, g := range x.ByOutcome {
		if g.Name == "wrong" && x.Missed != nil {
			said += fmt.Sprintf(" Of the trials of the %s that settle on the wrong answer, %s found the right one at some time and lost it again", plural(g.N, "image"), Percent(x.Missed.Estimate))
			if g.N > 1 {
				said += fmt.Sprintf(" (95 %% interval %s)", PercentInterval(x.Missed.Low, x.Missed.High))
			}
			said += "."
		}
	}
	return said
}

// orderSection is how much of a decision time is the order's.
func (r AsyncReport) orderSection() Section {
	x := r.Result
	if len(x.Variances) == 0 {
		return Section{}
	}
	t := Table{Columns: append(textColumns("images", "orders"), numberColumns("n", "sd between images", "95 % interval", "sd between orders", "95 % interval", "share of order", "common to all images")...),
		Notes: []Note{{Text: fmt.Sprintf("Components of the variance of single trials' decision times, in updates a neuron, from %d orders. Share of order: its part of the sum. Common: the part of orders that are fast or slow for all images alike; the rest of the order's share is that it suits one image and not another.", x.Orders)}}}
	for _, v := range x.Variances {
		row := []string{"all", "each image its own", Count(v.Images)}
		if v.Changing {
			row[0] = "that must change"
		}
		if v.Shared {
			row[1] = "the same for all"
		}
		row = append(append(row, asyncMean(&v.ImageSD)...), asyncMean(&v.OrderSD)...)
		common := Missing
		if v.Common != nil {
			common = asyncShare(*v.Common)
		}
		t.Rows = append(t.Rows, append(row, asyncShare(v.Share), common))
	}
	return Section{"How much the order matters", []Block{t}}
}

// armsSection are other orders and starts.
func (r AsyncReport) armsSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("order", "from"), numberColumns("n", "must change", "decision of these", "95 % interval", "settling", "95 % interval", "latest")...), Terminal: true,
		Notes: []Note{{Text: fmt.Sprintf("Mean times in updates a neuron, and the latest settling of all trials; the first line is this experiment (%s an image), the others are one order an image.", plural(x.Orders, "order"))}}}
	all := Table{Caption: "All images, those that begin with their answer included", Columns: append(textColumns("order", "from"), numberColumns("n", "decision", "95 % interval", "change", "95 % interval", "with a detour")...),
		Notes: []Note{{Text: "Change: mean decision time less that of the first line on the same images. Detours in % of trials, with 95 % interval."}}}
	if len(x.Classes) == 2 {
		all.Columns = append(all.Columns, numberColumns(fmt.Sprintf("%s − %s", x.Classes[1], x.Classes[0]), "95 % interval")...)
		all.Notes = append(all.Notes, Note{Text: fmt.Sprintf("%s − %s: decision time of images that settle on %[1]s less that of those that settle on %[2]s.", x.Classes[1], x.Classes[0])})
	}
	for _, a := range x.Arms {
		row := append([]string{a.Name, string(a.From), Count(a.Images), Count(a.MustChange)}, asyncMean(a.Changing)...)
		t.Rows = append(t.Rows, append(append(row, asyncMean(&a.Settling)...), Number(a.LatestSettling)))
		row = append([]string{a.Name, string(a.From), Count(a.Images)}, asyncMean(&a.Decision)...)
		if a.Change != nil {
			row = append(row, Signed(a.Change.Estimate), SignedInterval(a.Change.Low, a.Change.High))
		} else {
			row = append(row, Missing, Missing)
		}
		row = append(row, asyncShare(a.Detour))
		if len(x.Classes) == 2 {
			row = append(row, asyncMean(a.Answers)...)
		}
		all.Rows = append(all.Rows, row)
	}
	blocks := []Block{t, all}
	if x.AfterSame != nil && x.AfterOther != nil {
		blocks = append(blocks, Paragraph(fmt.Sprintf("From the activity of another image, the decision takes %s updates a neuron %s after an image that settles on the same answer (n = %s), and %s %s after one that settles on another (n = %s).",
			Number(x.AfterSame.Decision.Estimate), asyncRange(x.AfterSame.Decision), Count(x.AfterSame.N),
			Number(x.AfterOther.Decision.Estimate), asyncRange(x.AfterOther.Decision), Count(x.AfterOther.N))))
	}
	return Section{"Other orders, other starts", blocks}
}

// layersSection is when layers come to rest.
func (r AsyncReport) layersSection() Section {
	t := Table{Columns: append(textColumns("layer"), numberColumns("neurons", "settling time", "95 % interval")...),
		Notes: []Note{{Text: "The last time at which an activation of the layer changes, mean over trials, in updates a neuron."}}}
	for _, l := range r.Result.Layers {
		t.Rows = append(t.Rows, append([]string{l.Name, Count(l.Units)}, asyncMean(&l.Time)...))
	}
	if more := len(t.Rows) - 30; more > 0 {
		t.Rows = t.Rows[:30]
		t.Notes = append(t.Notes, Note{Text: plural(more, "more layer") + " only in the JSON file."})
	}
	return Section{"From layer to layer", []Block{t}}
}

// exampleSection is one image.
func (r AsyncReport) exampleSection() Section {
	x := r.Result
	e := x.Example
	if e == nil {
		return Section{}
	}
	return Section{"One image in several orders", []Block{Figure{File: "example.png", PNG: asyncTracks{x}.png(),
		Alt: fmt.Sprintf("Margin of the answer %s over time for one image, a line an order.", x.Classes[e.Answer]),
		Caption: fmt.Sprintf("%s (class %s): the logit of %s, its settled answer, less the strongest other, in %s; 0 is where the answer changes. A dot marks the decision. "+
			"Of the images that must leave another answer in every order, it is the one of median decision time.", e.Name, x.Classes[e.Label], x.Classes[e.Answer], plural(len(e.Tracks), "order"))}}}
}

// controlsSection is what must come out if the machinery is sound.
func (r AsyncReport) controlsSection() Section {
	x := r.Result
	list := List{
		fmt.Sprintf("The same answer: all %s of all orders and starts ended in the bits of the synchronous logits, under the same lesions and in the same batch.", plural(x.Identical, "trial")),
		fmt.Sprintf("Sham: %s, shown to the network settled in that very image; %s, not a bit of any activation changed.", plural(x.Sham.Images, "image"), plural(x.Sham.Updates, "update")),
	}
	for _, a := range x.Arms {
		switch {
		case a.Order == state.ForwardOrder && a.From == x.From:
			list = append(list, fmt.Sprintf("Forward order is the synchronous run: one sweep must do. The latest decision of %s came at %s, the latest change at %s.", plural(a.Images, "image"), Number(a.LatestDecision), Number(a.LatestSettling)))
		case a.Order == state.BackwardOrder && a.From == x.From:
			list = append(list, fmt.Sprintf("Backward order passes a signal on by one layer a sweep: %s in %s sweeps and a tick, %s, if there is no shortcut. The latest change came at %s.", plural(x.Depth, "layer"), Count(x.Depth-1),
				Number(float64(x.Depth-1)+1/float64(x.Depth)), Number(a.LatestSettling)))
		}
	}
	return Section{"Controls", []Block{list}}
}
