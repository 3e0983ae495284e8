package main

import (
	"fmt"
	"time"

	"neuroprobe/model"

	"github.com/schollz/progressbar/v3"
)

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	streams
	title   string
	options []progressbar.Option
	bar     *progressbar.ProgressBar
}

func newBar(s streams, title string, options ...progressbar.Option) *bar {
	return &bar{streams: s, title: title, options: options}
}

// set moves the bar, which appears with the first call.
func (b *bar) set(done, total int) { b.set64(int64(done), int64(total)) }

// set64 is set where files may be large; a total below 0 is not known.
func (b *bar) set64(done, total int64) {
	if !b.Terminal {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total, append(b.options,
			progressbar.OptionSetWriter(b.Err),
			progressbar.OptionSetDescription(b.title),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionUseANSICodes(true), // clears the whole line, the ^C that a terminal echoes included
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}))...)
	}
	_ = b.bar.Set64(done)
}

// stage moves a bar that shows several things one after another, each from its beginning.
func (b *bar) stage(title string, done, total int) {
	if b.title != title {
		b.finish()
		b.title = title
	}
	b.set(done, total)
}

func (b *bar) describe(title string) {
	b.title = title
	if b.bar != nil {
		b.bar.Describe(title)
	}
}

// finish takes the bar off the screen.
func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}

// trainingWatch shows a training run: a line an epoch, and on a terminal a bar below.
type trainingWatch struct {
	*bar
	prefix string
}

func watchTraining(s streams, specimen, specimens int) *trainingWatch {
	w := &trainingWatch{bar: newBar(s, "training")}
	if specimens > 1 {
		w.prefix = fmt.Sprintf("network %d/%d, ", specimen, specimens)
	}
	return w
}

func (w *trainingWatch) see(p model.Progress) {
	if e := p.Last; e != nil {
		w.finish()
		fmt.Fprintf(w.Err, "%sepoch %2d/%d  train loss %.3f, accuracy %4.1f %%   select loss %.3f, accuracy %4.1f %%\n",
			w.prefix, e.Epoch, p.Epochs, e.TrainLoss, 100*e.TrainAccuracy, e.SelectLoss, 100*e.SelectAccuracy)
		return
	}
	w.set(p.Step, p.Steps)
	w.describe(fmt.Sprintf("%sepoch %d/%d, loss %.3f", w.prefix, p.Epoch, p.Epochs, p.Loss))
}
