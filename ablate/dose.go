package ablate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// Doses are the shares of the activation that are taken away, in ascending order: dose d leaves
// a·(1-d). Those below 0 add to it (stimulation), 0 is a sham, 1 the lesion.
var Doses = []float64{-1, -0.5, -0.25, 0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}

// fitResamples bounds how often a curve is fitted anew for the intervals of its parameters.
const fitResamples = 500

// DoseResponse is how the effect on the metric grows with the dose.
type DoseResponse struct {
	Doses []float64 `json:"doses"`
	// OnClass is the class on whose select images the target is most active; "" where there is
	// none. NoClasses says why there are no curves by class.
	OnClass      string      `json:"on_class,omitempty"`
	NoClasses    string      `json:"why_no_classes,omitempty"`
	Metric       string      `json:"metric"` // by class, accuracy takes the place of balanced accuracy
	Curves       []DoseCurve `json:"curves"`
	FitResamples int         `json:"fit_resamples"`
	Warnings     []string    `json:"warnings,omitempty"`
}

// DoseCurve is the effect on some of the images at each dose.
type DoseCurve struct {
	Images  string     `json:"images,omitempty"` // "all", "on-class" or "off-class"
	N       int        `json:"n"`
	Effects []Interval `json:"effects"` // one a dose
	Shape   Shape      `json:"shape"`
	// Fit is the Hill curve from dose 0 to the largest, nil where the shape allows none.
	Fit *DoseFit `json:"fit,omitempty"`
}

// The images of a curve.
const (
	AllImages = "all"
	OnClass   = "on-class"
	OffClass  = "off-class"
)

// Shape is what a dose curve looks like from dose 0 to 1.
type Shape string

// A curve has no effect to fit if the interval at dose 1 includes 0. It is not monotone if the
// effect at some dose falls behind the largest at a lower dose by more than chance (the paired
// bootstrap interval of the drop excludes 0) and by more than 1 % of the largest effect.
const (
	Monotone    Shape = "monotone"
	NotMonotone Shape = "not monotone"
	NoEffect    Shape = "no effect to fit"
)

// negligibleDrop is the share of the largest effect up to which a drop does not count.
const negligibleDrop = 0.01

// DoseFit are the parameters of a fitted Hill curve, with bootstrap intervals from fits to
// resampled images.
type DoseFit struct {
	EC50    Interval `json:"ec50"`
	Slope   Interval `json:"slope"`
	Plateau Interval `json:"plateau"`
	// Half is the dose with half of the effect of the largest dose; it always lies among the doses tested.
	Half Interval `json:"half_dose"`
	R2   float64  `json:"r2"`
	// Outside: EC50 lies beyond the doses tested, so that it and the plateau are extrapolations.
	Outside bool `json:"ec50_outside"`
	// Straight: the curve does not bend, or bends without end, so that the search ran into its
	// bound: neither EC50 nor the plateau is determined.
	Straight bool `json:"ec50_at_bound"`
}

// Curve is the fitted Hill curve.
func (f *DoseFit) Curve() stats.Hill {
	return stats.Hill{EC50: f.EC50.Estimate, Slope: f.Slope.Estimate, Plateau: f.Plateau.Estimate}
}

// group are the images of a curve and the metric's change on them, by dose.
type group struct {
	images  string
	member  []bool
	columns [][]float64
}

func (e *operating) dose(ctx context.Context) (*DoseResponse, error) {
	r := &DoseResponse{Doses: Doses, Metric: e.metric.Name, FitResamples: min(e.Resamples, fitResamples)}
	on := -1
	if r.NoClasses = e.noClasses(); r.NoClasses == "" {
		var err error
		if on, err = e.onClass(ctx); err != nil {
			return nil, err
		}
		if on < 0 {
			r.NoClasses = "the target is silent on every select image, so that no class is the one it fires for"
		}
	}
	byClass := e.metric
	if on >= 0 {
		r.OnClass = e.Network.Classes[on]
		if byClass.Name == "balanced-accuracy" {
			var err error
			if byClass, err = ParseMetric("accuracy", e.Network.Classes); err != nil {
				return nil, err
			}
		}
	}
	var arms []model.Arm
	for _, d := range Doses {
		var edits []model.Edit
		for _, t := range e.targets {
			edits = append(edits, model.Edit{Target: t, Keep: model.Constant(float32(1 - d)), Fill: model.Constant(0)})
		}
		arms = append(arms, model.Arm{Edits: edits})
	}
	whole, classes := make([][]float64, len(arms)), make([][]float64, len(arms))
	err := e.Sweep(ctx, "doses", arms, nil, func(k int, o *Outcomes) {
		whole[k] = e.change(o)
		if on >= 0 {
			classes[k] = minus(byClass.Column(e.Labels, o), byClass.Column(e.Labels, e.Intact))
		}
	})
	if err != nil {
		return nil, err
	}
	groups := []group{{AllImages, slices.Repeat([]bool{true}, len(whole[0])), whole}}
	if on >= 0 {
		inside, outside := make([]bool, e.Images), make([]bool, e.Images)
		for i, l := range e.Labels {
			inside[i], outside[i] = l == on, l != on
		}
		groups = append(groups, group{OnClass, inside, classes}, group{OffClass, outside, classes})
	}
	for _, g := range groups {
		if !slices.Contains(g.member, true) {
			continue
		}
		c, err := NewDoseCurve(Doses, g.columns, g.member, e.bootstrap(), r.FitResamples)
		if err != nil {
			return nil, err
		}
		c.Images = g.images
		r.Curves = append(r.Curves, *c)
	}
	r.warn()
	return r, ctx.Err()
}

// noClasses says why the curve cannot be split into on-class and off-class; "" where it can.
func (e *operating) noClasses() string {
	switch {
	case len(e.targets) > 1:
		return "several neurons at once have no one class that they fire for"
	case e.targets[0].Unit == model.AllUnits:
		return "a whole layer has no one class that it fires for"
	case strings.Contains(e.metric.Name, ":"):
		return fmt.Sprintf("the metric %s is of one class already", e.metric.Name)
	}
	return ""
}

// onClass is the class on whose select images the target is most active, -1 where it is silent on all.
func (e *operating) onClass(ctx context.Context) (int, error) {
	lo, hi := e.Set.Range(datasets.Select)
	size := e.Set.ImageSize()
	_, seen, err := observe(ctx, e.Network, e.Set.Images[lo*size:hi*size], e.Set.Labels[lo:hi], e.targets, e.Workers)
	if err != nil {
		return -1, err
	}
	best := -1
	for class, mean := range seen[0].MeanByClass {
		if mean.Defined() && (best < 0 || mean > seen[0].MeanByClass[best]) {
			best = class
		}
	}
	if seen[0].Fires == 0 && e.Network.Layer(e.targets[0].Layer).Activation == model.ReLU {
		best = -1
	}
	return best, nil
}

// NewDoseCurve measures an effect at ascending doses, 0 among them, decides its shape from dose 0 to the
// largest and fits it there, with intervals from so many resamples. columns have the effect on every
// image by dose; those of the member images count.
func NewDoseCurve(doses []float64, columns [][]float64, member []bool, b stats.Bootstrap, resamples int) (*DoseCurve, error) {
	n, first := len(member), slices.Index(doses, 0)
	if first < 0 || len(doses) != len(columns) {
		return nil, fmt.Errorf("ablate: effects at %d of %d doses %v (want 0 among them)", len(columns), len(doses), doses)
	}
	fitter, err := stats.NewHillFitter(doses[first:])
	if err != nil {
		return nil, err
	}
	means := make([]stats.Statistic, len(columns))
	for k, column := range columns {
		means[k] = stats.GroupMean(column, member)
	}
	c := &DoseCurve{N: len(members(columns[0], member)), Effects: estimates(b, n, means...)}
	if c.Shape = c.shape(columns, member, first, b); c.Shape == Monotone {
		b.Resamples = resamples
		c.fit(doses[first:], n, means[first:], b, fitter)
	}
	return c, nil
}

// warn says which curves allow no fit, or none that can be believed.
func (r *DoseResponse) warn() {
	for _, doubt := range []struct {
		of   func(c DoseCurve) bool
		text string
	}{
		{func(c DoseCurve) bool { return c.Shape == NoEffect }, "the interval of the effect at dose 1 includes 0, so there is no effect to fit"},
		{func(c DoseCurve) bool { return c.Fit != nil && c.Fit.Straight },
			"the search ran into its bound (a straight line has no EC50), so that EC50 and plateau are not determined; the half dose is"},
		{func(c DoseCurve) bool { return c.Fit != nil && c.Fit.Outside && !c.Fit.Straight },
			"EC50 lies outside the doses tested; it and the plateau are extrapolations, the half dose is not"},
	} {
		var names []string
		for _, c := range r.Curves {
			if doubt.of(c) {
				names = append(names, c.Images)
			}
		}
		if len(names) > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s images: %s", strings.Join(names, ", "), doubt.text))
		}
	}
}

// shape holds the effect at each dose against the largest at a lower one, from the first dose on.
func (c *DoseCurve) shape(columns [][]float64, member []bool, first int, b stats.Bootstrap) Shape {
	last := len(columns) - 1
	if !c.Effects[last].excludesZero() {
		return NoEffect
	}
	sign := 1.0
	if c.Effects[last].Estimate < 0 {
		sign = -1
	}
	largest := first
	var drops []stats.Statistic
	for k := first + 1; k <= last; k++ {
		// The effect's sign is that at the last dose: a drop is below 0.
		drops = append(drops, stats.GroupMean(scaled(minus(columns[k], columns[largest]), sign), member))
		if sign*c.Effects[k].Estimate > sign*c.Effects[largest].Estimate {
			largest = k
		}
	}
	for _, drop := range estimates(b, len(member), drops...) {
		if drop.High < 0 && -drop.Estimate > negligibleDrop*sign*c.Effects[largest].Estimate {
			return NotMonotone
		}
	}
	return Monotone
}

func scaled(values []float64, by float64) []float64 {
	for i := range values {
		values[i] *= by
	}
	return values
}

// fit fits the curve to the mean effects from dose 0 on, and again to those of resampled images.
func (c *DoseCurve) fit(doses []float64, n int, means []stats.Statistic, b stats.Bootstrap, fitter *stats.HillFitter) {
	last := len(doses) - 1
	effects := make([]float64, len(means))
	numbers := func(counts, into []float64) stats.HillFit {
		for k, of := range means {
			effects[k] = of(counts)
		}
		f := fitter.Fit(effects)
		into[0], into[1], into[2], into[3] = f.EC50, f.Slope, f.Plateau, f.HalfOf(doses[last])
		return f
	}
	best := make([]float64, 4)
	fit := numbers(ones(n), best)
	var ends [4]Interval
	for k, i := range b.Several(n, 4, func(counts, into []float64) { numbers(counts, into) }) {
		ends[k] = Interval{best[k], i.Low, i.High}
	}
	c.Fit = &DoseFit{EC50: ends[0], Slope: ends[1], Plateau: ends[2], Half: ends[3], R2: fit.R2, Straight: fit.AtBound,
		Outside: fit.EC50 > doses[last] || fit.EC50 < doses[1]}
}
