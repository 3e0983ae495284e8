package state

import (
	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Async is what came of an experiment on asynchrony. All times are in updates a neuron. A trial is
// one image in one order; what is said of an image is the mean over its orders, and intervals
// are over images.
type Async struct {
	Rule
	From    AsyncStart      `json:"from"`
	Orders  int             `json:"orders_per_image"`
	Lesions []model.Address `json:"lesions,omitempty"`
	Split   datasets.Split  `json:"-"`
	Images  int             `json:"images"`
	Of      int             `json:"images_of_split"`
	Classes []string        `json:"classes"`
	Depth   int             `json:"layers"`
	Neurons int             `json:"neurons"`
	// Tick is the time that one takes.
	Tick float64 `json:"time_per_tick"`
	// Identical counts the trials, of all arms, whose logits ended in the bits of the synchronous
	// run: all, or there is no result.
	Identical int `json:"bit_identical_trials"`

	// StartAnswers count the trials by their answer before anything has happened, those without an
	// answer last.
	StartAnswers []int `json:"answers_at_the_start"`
	// Accuracy is the synchronous network's.
	Accuracy float64    `json:"accuracy_settled"`
	All      AsyncGroup `json:"all_images"`
	// The spread of single trials.
	Decisions AsyncSpread `json:"decision_times"`
	Settlings AsyncSpread `json:"settling_times"`
	// Gap is the time from decision to settling.
	Gap ablate.Interval `json:"from_decision_to_settling"`

	Course       []AsyncPoint    `json:"course"`
	ByClass      []AsyncGroup    `json:"by_class"`
	ByAnswer     []AsyncGroup    `json:"by_settled_answer"`
	ByOutcome    []AsyncGroup    `json:"by_outcome"`
	ByStart      []AsyncGroup    `json:"by_answer_at_the_start"`
	ByDifficulty []AsyncGroup    `json:"by_difficulty"`
	Difficulty   AsyncDifficulty `json:"difficulty"`
	Tests        []AsyncTest     `json:"tests"`
	// Missed is, of the trials that settle on a wrong answer, the share that changed to the right one
	// at some time, and away from it again.
	Missed *ablate.Interval `json:"wrong_trials_that_found_the_right_answer,omitempty"`

	Layers []AsyncLayer `json:"by_layer"`
	// Variances say how much the order matters; none where there is one order only.
	Variances []AsyncVariance `json:"variances,omitempty"`
	// Arms are other orders and starts on the first of the same images, this experiment's own first.
	Arms []AsyncArm `json:"arms"`
	// AfterSame and AfterOther are decision times after a previous image that settles on the same
	// answer and on another.
	AfterSame  *AsyncGroup `json:"after_an_image_of_the_same_answer,omitempty"`
	AfterOther *AsyncGroup `json:"after_an_image_of_another_answer,omitempty"`

	Sham    AsyncSham     `json:"sham"`
	Example *AsyncExample `json:"example,omitempty"`
	// Dots are the single images, for the picture.
	Dots []AsyncDot `json:"-"`

	Resamples    int      `json:"bootstrap_resamples"`
	Permutations int      `json:"permutations"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// AsyncGroup is what some of the images did.
type AsyncGroup struct {
	Name string `json:"name"`
	N    int    `json:"n"`
	// Decision is the first time after which the answer never changes again, Settling the last time at
	// which anything changes.
	Decision ablate.Interval `json:"decision_time"`
	Settling ablate.Interval `json:"settling_time"`
	// Wrong is for how long the answer is another than the final one.
	Wrong ablate.Interval `json:"time_with_another_answer"`
	// Shares of trials: that begin with another answer than they end with; that give another answer
	// at some time; that leave the final answer and come back to it.
	Begins  ablate.Interval `json:"share_beginning_elsewhere"`
	Ever    ablate.Interval `json:"share_ever_elsewhere"`
	Detour  ablate.Interval `json:"share_with_detour"`
	Changes ablate.Interval `json:"changes_of_answer"`
	// MustChange counts the images that begin with another answer than they end with; Change is their
	// decision time, nil if there are none.
	MustChange int              `json:"n_beginning_elsewhere"`
	Change     *ablate.Interval `json:"decision_time_beginning_elsewhere,omitempty"`
	// Other is the other answer that most trials gave at some time, its name, and how many did.
	Other  string `json:"commonest_other_answer,omitempty"`
	Others int    `json:"trials_with_it,omitempty"`
}

// AsyncDot is one image: by what margin it is decided, on which answer, and when.
type AsyncDot struct {
	Margin, Decision float64
	Answer           int
	Changing         bool
}

// AsyncSpread is the distribution of a time over trials.
type AsyncSpread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"quantile_05"`
	High   float64 `json:"quantile_95"`
}

// AsyncPoint is a moment: shares of trials that answer rightly, that answer as they will in the
// end, that have decided, that have settled; and the mean margin of the final answer's logit
// over the strongest other.
type AsyncPoint struct {
	Time     float64         `json:"time"`
	Accuracy ablate.Interval `json:"accuracy"`
	Final    ablate.Interval `json:"final_answer"`
	Decided  ablate.Interval `json:"decided"`
	Settled  ablate.Interval `json:"settled"`
	Margin   ablate.Interval `json:"margin"`
}

// AsyncDifficulty is the relation of time to difficulty: to the margin by which the synchronous
// network decides.
type AsyncDifficulty struct {
	// Cuts are the terciles of the margin over the select images.
	Cuts   [2]float64 `json:"margin_terciles_on_select"`
	Select int        `json:"select_images"`
	// Within is the correlation of margin and decision time within answers: of ranks less the mean rank
	// of the images that settle on the same answer and, alike, begin with it or not. nil where one of them is
	// constant there.
	Within *AsyncCorrelation `json:"within_answers,omitempty"`
	// Correlations are Spearman's, of the margin with a time.
	Correlations []AsyncCorrelation `json:"correlations"`
}

// AsyncCorrelation is Spearman's rank correlation of the margin with a time over some images.
type AsyncCorrelation struct {
	Images string          `json:"images"` // which
	Time   string          `json:"time"`
	N      int             `json:"n"`
	Rho    ablate.Interval `json:"spearman"`
}

// AsyncTest is one permutation test.
type AsyncTest struct {
	Name string `json:"name"`
	// Difference is the second group's mean less the first's, of two groups.
	Difference *ablate.Interval `json:"difference,omitempty"`
	P          probe.Number     `json:"p"`
	Adjusted   probe.Number     `json:"p_adjusted"`
}

// AsyncLayer is when a layer comes to rest.
type AsyncLayer struct {
	Layer int             `json:"layer"`
	Name  string          `json:"name"`
	Units int             `json:"units"`
	Time  ablate.Interval `json:"settling_time"`
}

// AsyncVariance divides the variance of decision times over trials.
type AsyncVariance struct {
	// Shared: all images had the same orders; otherwise each had its own.
	Shared bool `json:"orders_shared_by_all_images"`
	// Changing: of the images that begin with another answer than they end with; otherwise of all.
	Changing bool `json:"only_images_beginning_elsewhere"`
	Images   int  `json:"images"`
	Orders   int  `json:"orders"`
	// ImageSD and OrderSD are standard deviations between images, and between the orders of an image;
	// Share is the order's part of the sum of their variances.
	ImageSD ablate.Interval `json:"sd_between_images"`
	OrderSD ablate.Interval `json:"sd_between_orders_of_an_image"`
	Share   ablate.Interval `json:"share_of_order"`
	// Common is the part of the sum that belongs to orders which are slow or fast for all images alike,
	// where all had the same orders. It is contained in Share.
	Common *ablate.Interval `json:"share_of_order_common_to_images,omitempty"`
}

// AsyncArm is another order or start.
type AsyncArm struct {
	Name string `json:"name"`
	Rule
	From     AsyncStart      `json:"from"`
	Images   int             `json:"images"`
	Orders   int             `json:"orders_per_image"`
	Decision ablate.Interval `json:"decision_time"`
	Settling ablate.Interval `json:"settling_time"`
	Detour   ablate.Interval `json:"share_with_detour"`
	// MustChange counts the images that begin with another answer than they end with, and Changing is their
	// decision time.
	MustChange int              `json:"n_beginning_elsewhere"`
	Changing   *ablate.Interval `json:"decision_time_beginning_elsewhere,omitempty"`
	// Change is its decision time less that of the experiment's own arm on the same images.
	Change *ablate.Interval `json:"decision_time_change,omitempty"`
	// Answers is, of two classes, the decision time of images that settle on the second less that of
	// those that settle on the first.
	Answers *ablate.Interval `json:"decision_time_second_less_first_answer,omitempty"`
	// Latest are the latest decision and settling of all trials.
	LatestDecision float64 `json:"latest_decision"`
	LatestSettling float64 `json:"latest_settling"`
}

// AsyncSham is the control in which each image follows itself: every neuron updates, and not a bit
// may change.
type AsyncSham struct {
	Images  int `json:"images"`
	Updates int `json:"updates"`
}

// AsyncExample is one image in several orders.
type AsyncExample struct {
	Image  int       `json:"image"` // index in the Set
	Name   string    `json:"name"`
	Label  int       `json:"label"`
	Answer int       `json:"settled_answer"`
	Margin float64   `json:"margin"` // settled
	Tracks [][]Track `json:"orders"`
}

// Track is the margin of the settled answer from a time on.
type Track struct {
	Time   float64 `json:"t"`
	Margin float64 `json:"margin"`
}
