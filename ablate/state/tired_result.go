package state

import (
	"fmt"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// TiredResult is what the experiment on fatigue found. Every change is tired − fresh, on the same images:
// below 0 is damage.
type TiredResult struct {
	Split        datasets.Split  `json:"-"`
	HistorySplit datasets.Split  `json:"-"` // where the images of the histories come from
	Images       int             `json:"images"`
	Classes      []string        `json:"classes"`
	ByClass      []int           `json:"images_by_class"`
	Body         Body            `json:"body"` // at the reference fatigue
	Steps        int             `json:"steps"`
	Lesions      []model.Address `json:"lesions,omitempty"`
	Resamples    int             `json:"bootstrap_resamples"`
	Permutations int             `json:"permutations"`
	Seed         uint64          `json:"seed"`

	Unchanging Unchanging      `json:"unchanging"`
	Fresh      Condition       `json:"fresh"` // without a body, in the test
	Doses      []TiredDose     `json:"doses"`
	Curves     []TiredCurve    `json:"curves"`
	Course     []TiredMoment   `json:"time_course"`
	Tired      Condition       `json:"tired"` // after the work at the reference fatigue
	Recovery   Recovery        `json:"recovery"`
	Histories  Histories       `json:"histories"`
	Arousal    GlobalCurve     `json:"arousal"`
	Noise      GlobalCurve     `json:"noise"`
	Controls   TiredControls   `json:"controls"`
	Layers     []LayerFatigue  `json:"layers"`
	Neurons    []NeuronFatigue `json:"neurons"`
	Map        FatigueMap      `json:"map"`
	Warnings   []string        `json:"warnings,omitempty"`
}

// Unchanging are the arms that hold the claim: the network alone, and with a body that cannot tire. Each
// counts logits that are not, bit for bit, what they were at first.
type Unchanging struct {
	Images  int `json:"images"`  // that were shown again and again
	Repeats int `json:"repeats"` // showings of each
	// Row is each image in a row, Between with another image of the split before each showing.
	Row     SameBits `json:"in_a_row"`
	Between SameBits `json:"others_between"`
	// NoFatigue is the whole work with a body at κ = 0 against the network without one.
	NoFatigue SameBits `json:"no_fatigue"`
	// Positive is the control that a difference would be seen: each image in a row at the reference fatigue.
	Positive SameBits `json:"with_fatigue"`
}

// SameBits counts logits that should be the same.
type SameBits struct {
	Showings  int `json:"showings"`
	Logits    int `json:"logits"` // compared
	Differing int `json:"differing"`
	Answers   int `json:"changed_answers"`
}

// TiredDose is what the network does after the work at a fatigue κ.
type TiredDose struct {
	Fatigue float64 `json:"fatigue"`
	Gain    float64 `json:"mean_gain"` // over neurons and subjects
	Condition
}

// TiredCurve is the change of a measure by the dose.
type TiredCurve struct {
	Measure string `json:"measure"`
	Percent bool   `json:"percent"`
	ablate.DoseCurve
}

// TiredMoment is what the network does after so many images.
type TiredMoment struct {
	Images int     `json:"images_seen"`
	Gain   float64 `json:"mean_gain"`
	Condition
}

// Recovery is what a rest after the work gives back.
type Recovery struct {
	Rests []RestedMoment `json:"rests"`
	// Tau is the time constant fitted to the mean gain, by least squares of log(1 − gain) over the rests;
	// TauRange the least and the largest one fitted to single neurons.
	Tau      probe.Number    `json:"tau"`
	TauRange [2]probe.Number `json:"tau_range"`
	// Half is the rest after which half of the accuracy, and of the logit difference, is back, interpolated.
	Half     probe.Number `json:"half_of_accuracy"`
	HalfDiff probe.Number `json:"half_of_logit_difference"`
}

// RestedMoment is what the network does after a rest. Recovered are the shares of what the work has cost
// that are back: (after the rest − before) / (fresh − before). Undefined where nothing was lost.
type RestedMoment struct {
	Rest     float64 `json:"rest"`
	Gain     float64 `json:"mean_gain"`
	Gained   float64 `json:"gain_recovered"`
	Accuracy Share   `json:"accuracy_recovered"`
	Diff     Share   `json:"logit_difference_recovered"`
	Condition
}

// Share is a ratio with its interval, or another number that may not be defined.
type Share struct {
	Estimate probe.Number `json:"estimate"`
	Low      probe.Number `json:"low"`
	High     probe.Number `json:"high"`
}

// Histories are what it matters what was seen before: only images of the class of the test's image, only
// of another class, or of all classes.
type Histories struct {
	Own   HistoryArm `json:"own"`
	Other HistoryArm `json:"other"`
	Mixed HistoryArm `json:"mixed"`
	// Effects are of all images, then of those of each class.
	Effects []HistoryEffect `json:"effects"`
	Tests   int             `json:"tests"`
}

// HistoryArm is one kind of history.
type HistoryArm struct {
	Gain float64 `json:"mean_gain"`
	Condition
}

// HistoryEffect is an effect of history on the images of a class: after one's own class − after another.
type HistoryEffect struct {
	Class int `json:"class"` // -1: all images
	N     int `json:"n"`
	// Diff is that on the logit difference; Uniform the same with, in each layer, the mean gain of the
	// subject in the place of each neuron's: as tired, but not which; Specific what is beyond that.
	Diff     TestedEffect    `json:"logit_difference"`
	Uniform  TestedEffect    `json:"uniform"`
	Specific TestedEffect    `json:"specific"`
	Accuracy ablate.Interval `json:"accuracy"`
}

// TestedEffect is an effect with its sign-flip p, and that adjusted for all of its table.
type TestedEffect struct {
	ablate.Interval
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"p_adjusted"`
}

// GlobalCurve is a state of the whole by doses, in the fresh network and in the tired one.
type GlobalCurve struct {
	Doses  []float64    `json:"doses"`
	Fresh  []Condition  `json:"fresh"`
	Tired  []Condition  `json:"tired"` // against the fresh network without it
	Curves []TiredCurve `json:"curves,omitempty"`
}

// TiredControls hold what the neurons' own fatigue does against the same amount of it, spread otherwise.
type TiredControls struct {
	// Frozen counts logits that differ when the gains after the work are put in by hand: 0.
	Frozen SameBits `json:"frozen"`
	// Uniform gives all neurons of a layer their mean gain, Matched the one that leaves the layer the
	// same output at usual rates (gains weighted by rate).
	Uniform SpreadControl `json:"uniform"`
	Matched SpreadControl `json:"matched"`
	// Shuffled gives each neuron the gains of another of its layer, the same in all subjects.
	Shuffled ShuffleControl `json:"shuffled"`
}

// SpreadControl is a control and what the true fatigue does beyond it.
type SpreadControl struct {
	Gain float64 `json:"mean_gain"`
	Condition
	BeyondDiff     TestedEffect `json:"beyond_logit_difference"`
	BeyondAccuracy TestedEffect `json:"beyond_accuracy"`
}

// ShuffleControl are many shuffles: the changes of accuracy and logit difference, their mean and range.
// P is the share of the true one and the shuffles that lie at least as far from their common mean.
type ShuffleControl struct {
	Shuffles  int        `json:"shuffles"`
	Accuracy  [3]float64 `json:"accuracy"` // mean, least, largest
	Diff      [3]float64 `json:"logit_difference"`
	AccuracyP float64    `json:"accuracy_p"`
	DiffP     float64    `json:"logit_difference_p"`
	Recalls   []float64  `json:"mean_recall_changes"` // by class
}

// LayerFatigue is what one layer's fatigue does: alone, and in a network that is tired elsewhere too.
type LayerFatigue struct {
	Layer   int     `json:"layer"`
	Name    string  `json:"name"`
	Neurons int     `json:"neurons"`
	Gain    float64 `json:"mean_gain"`
	// Only is with it alone tired; Among is tired all over less tired but for this layer.
	Only          Condition       `json:"only"`
	AmongAccuracy ablate.Interval `json:"among_accuracy"`
	AmongDiff     ablate.Interval `json:"among_logit_difference"`
	// Rho is the rank correlation, over the layer's neurons, of fatigue alone with lesion.
	Rho probe.Number `json:"rho_lesion"`
}

// NeuronFatigue is what one neuron's fatigue does. Effects are with its fatigue − without.
type NeuronFatigue struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"`
	Gain    float64       `json:"mean_gain"`
	// Alone is with only this neuron tired, Among in the tired network against the same with it fresh.
	Alone         TestedEffect    `json:"alone"`
	AloneAccuracy ablate.Interval `json:"alone_accuracy"`
	Among         TestedEffect    `json:"among"`
	AmongAccuracy ablate.Interval `json:"among_accuracy"`
	Lesion        ablate.Interval `json:"lesion"`
	// Moved: it changes a logit difference at all. Others are not tested.
	Moved bool `json:"moved"`
}

// FatigueMap is the summary of all neurons.
type FatigueMap struct {
	Tested       int `json:"tested"`
	Flips        int `json:"sign_flips"`
	Alone        int `json:"significant_alone"`
	Among        int `json:"significant_among"`
	HarmfulAmong int `json:"harmful_among"` // significant and below 0
	// SumAlone is the sum of the single effects alone, Whole what all of them together do.
	SumAlone ablate.Interval `json:"sum_alone"`
	Whole    ablate.Interval `json:"whole"`
	// Correlations over neurons, with bootstrap intervals over images.
	AloneLesion  Correlation `json:"alone_with_lesion"`
	AmongLesion  Correlation `json:"among_with_lesion"`
	AloneScaled  Correlation `json:"alone_with_scaled_lesion"` // lesion × gain lost
	AloneFatigue Correlation `json:"alone_with_gain_lost"`     // |effect| with 1 − gain
}

func (r *TiredResult) warn(set *datasets.Set) {
	r.Warnings = append(r.Warnings, set.Warnings...)
	for c, n := range r.ByClass {
		if n < 30 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("the recall of %s rests on %d images: its interval is too narrow", r.Classes[c], n))
		}
	}
	if u := r.Unchanging; u.Row.Differing+u.Between.Differing+u.NoFatigue.Differing > 0 {
		r.Warnings = append(r.Warnings, "logits of the network without fatigue differ between showings: no number below can be believed")
	}
	if r.Unchanging.Positive.Differing == 0 {
		r.Warnings = append(r.Warnings, "the same image shown again and again changes nothing at the reference fatigue either: a difference would not have been seen")
	}
	if !slices.ContainsFunc(r.Neurons, func(n NeuronFatigue) bool { return n.Moved }) {
		r.Warnings = append(r.Warnings, "no neuron's fatigue moves a logit difference")
	}
}
