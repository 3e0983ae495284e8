package probe

import (
	"encoding/json"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Survey is what the whole battery found: every neuron against every concept.
type Survey struct {
	Split        datasets.Split `json:"-"` // measured on; choices are made on select
	Images       int            `json:"images"`
	SelectImages int            `json:"select_images"`
	Classes      []string       `json:"classes"`
	Concepts     []Concept      `json:"concepts"` // classes, then features
	Parts        []string       `json:"parts,omitempty"`
	// MaskDigest is that of the measured split's masks; empty without dissection.
	MaskDigest   string  `json:"mask_digest,omitempty"`
	Summary      Summary `json:"summary"` // what stands for a channel's map on an image
	Fires        Rule    `json:"fires"`
	Permutations int     `json:"permutations"`
	Resamples    int     `json:"bootstrap_resamples"`
	Seed         uint64  `json:"seed"`
	// Units are ordered by layer, and by number within; they include the output layer's.
	Units []Unit `json:"units"`
	// Responders count, for each concept, the units that beat the null.
	Responders []Responders `json:"responders"`
	// Detectors do the same for each part; none without masks.
	Detectors []Detectors `json:"detectors,omitempty"`
	Families  Families    `json:"tests"`
	// Null is the 2.5 % and 97.5 % quantile, over units and permutations, of the AUROC for the
	// first class under shuffled labels: what "no selectivity" looks like with so many images.
	Null     [2]Number   `json:"null_auroc"`
	Excluded []Exclusion `json:"excluded,omitempty"`
	Warnings []string    `json:"warnings,omitempty"`
	Sheets   []Sheet     `json:"sheets,omitempty"`

	tuned *tuned // what Examine needs of the recordings
}

// Families are the numbers of tests over which p was adjusted, one family a kind of test.
type Families struct {
	Raw    int `json:"raw"`
	Within int `json:"within_class"`
	Twin   int `json:"twin"`
	Part   int `json:"part"`
}

// Alpha is the false discovery rate at which something counts as found.
const Alpha = 0.05

// Unit is one neuron and what it responds to.
type Unit struct {
	Address model.Address `json:"address"`
	Layer   string        `json:"layer"` // the layer's name
	Kind    model.Kind    `json:"kind"`
	// Mean and SD are those of the unit's summary over the measured images.
	Mean Number `json:"mean"`
	SD   Number `json:"sd"`
	// Threshold is what the summary must exceed to count as firing.
	Threshold Number `json:"threshold"`
	FiresOn   Rate   `json:"fires_on"`
	// FiresByClass has one rate a class.
	FiresByClass []Rate  `json:"fires_by_class"`
	Quality      Quality `json:"quality"`
	// Selectivity is the class-selectivity index (Morcos et al. 2018), NaN where not defined.
	Selectivity Number `json:"class_selectivity"`
	// Tuning is ordered as Survey.Concepts; nil for a constant unit, an entry is nil where the
	// concept is constant on the measured images.
	Tuning []*Tuning `json:"tuning,omitempty"`
	// Overlaps are ordered as Survey.Parts; nil for units without a map and data without masks.
	Overlaps []Overlap `json:"overlaps,omitempty"`
	// MapThreshold is the level that at most 0.5 % of the map's positions exceed on select.
	MapThreshold Number `json:"map_threshold"`
	// BestPart is the part of the largest IoU on select, an index into Overlaps; -1 for none.
	BestPart int `json:"best_part"`
	// Label is nil where no concept beat the null; RunnersUp are the next that did.
	Label     *Label  `json:"label,omitempty"`
	RunnersUp []Label `json:"runners_up,omitempty"`
}

// Tested tells whether the unit took part in the tests.
func (u *Unit) Tested() bool { return u.Tuning != nil }

// Rate is a number of images out of so many, with its Wilson 95 % interval.
type Rate struct {
	Count int    `json:"count"`
	Of    int    `json:"of"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Share is the rate as a fraction, NaN of none.
func (r Rate) Share() float64 { return float64(r.Count) / float64(r.Of) }

// Tuning is how a unit responds to one concept on the measured images, "with" being those that
// show it. Effects are with − without.
type Tuning struct {
	Concept int `json:"concept"` // index into Survey.Concepts
	With    int `json:"with"`    // numbers of images
	Without int `json:"without"`
	// AUROC is the chance that an image with the concept drives the unit more than one without.
	AUROC       Number `json:"auroc"`
	SelectAUROC Number `json:"select_auroc"` // the same on select: what rankings go by
	DPrime      Number `json:"d_prime"`
	Difference  Number `json:"mean_difference"` // of the summary
	FiresWith   Rate   `json:"fires_with"`
	FiresOff    Rate   `json:"fires_without"`
	P           Number `json:"p"` // labels permuted, two-sided
	Adjusted    Number `json:"p_adjusted"`
	// Within is the tuning within class; nil for a class and where no class has both kinds of images.
	Within *Within `json:"within_class,omitempty"`
	// Twin is the causal effect; nil where the data have no twins for the concept.
	Twin *TwinEffect `json:"twin,omitempty"`
}

// Within is tuning to a feature with the class held constant.
type Within struct {
	AUROC    Number `json:"auroc"` // stratified by class
	P        Number `json:"p"`     // labels permuted within class, two-sided
	Adjusted Number `json:"p_adjusted"`
}

// TwinEffect is the unit's summary with the feature minus without it, on the same image drawn
// twice: causal, and free of any confound.
type TwinEffect struct {
	Pairs int    `json:"pairs"`
	Mean  Number `json:"mean"` // in units of activation
	Low   Number `json:"low"`  // paired bootstrap 95 % interval
	High  Number `json:"high"`
	// SDs is the mean divided by the standard deviation of the unit's summary over the images.
	SDs       Number `json:"in_sd"`
	SelectSDs Number `json:"select_in_sd"` // the same on select: what rankings go by
	P         Number `json:"p"`            // sign flips, two-sided
	Adjusted  Number `json:"p_adjusted"`
}

// Overlap is where a unit's map is strong against where a part shows, over all measured images.
type Overlap struct {
	Part      int    `json:"part"` // index into Survey.Parts
	IoU       Number `json:"iou"`
	SelectIoU Number `json:"select_iou"`
	// NullIoU is the mean IoU with maps paired with the masks of other images.
	NullIoU  Number `json:"null_iou"`
	P        Number `json:"p"` // one-sided: the pairing of maps and masks permuted
	Adjusted Number `json:"p_adjusted"`
}

// DetectorIoU is the IoU above which Bau et al. call a unit a detector.
const DetectorIoU = 0.04

// Detector tells whether the overlap is above DetectorIoU and beats its null.
func (o Overlap) Detector() bool { return float64(o.IoU) > DetectorIoU && float64(o.Adjusted) < Alpha }

// Label is a name for a unit with the evidence for it: the concept on which it has the best AUROC
// on select, of those whose tests on the measured images beat the null.
type Label struct {
	Concept int `json:"concept"`
	// Absent: the unit responds to images without the concept.
	Absent bool `json:"absent,omitempty"`
	// Name is Concept.Name, or Concept.Without where Absent.
	Name string `json:"name"`
	// AUROC is in the label's direction: of Absent, 1 − the tuning's. From the measured images.
	AUROC    Number `json:"auroc"`
	Adjusted Number `json:"p_adjusted"` // of the raw tuning
	// Causal: the twin effect has the same direction and beats its null. Within: the tuning within
	// class does. A feature is a label only if one of them holds; a class needs neither.
	Causal bool `json:"causal,omitempty"`
	Within bool `json:"within_class,omitempty"`
}

// Quality is what may make a unit's numbers worthless or double. Presence and the flags are over
// select and the measured images together.
type Quality struct {
	Dead     bool `json:"dead,omitempty"`      // activation never above 0, after a ReLU
	Constant bool `json:"constant,omitempty"`  // the summary never varies
	AlwaysOn bool `json:"always_on,omitempty"` // after a ReLU, above 0 at every position of every image: a linear unit
	// Presence is the fraction of positions, over all images, with an activation above 0.
	Presence Number `json:"presence"`
	// Duplicates are units of the layer whose summaries correlate with |r| > DuplicateR on select,
	// the strongest first.
	Duplicates []Duplicate `json:"duplicates,omitempty"`
}

// DuplicateR is the correlation above which two units count as duplicates.
const DuplicateR = 0.98

// Duplicate is another unit that does the same.
type Duplicate struct {
	Address model.Address `json:"address"`
	R       Number        `json:"r"` // Pearson's
}

// Responders counts the units that respond to a concept. The strongest are by select, among
// those that beat the null; nil for none.
type Responders struct {
	Concept    int            `json:"concept"`
	Tested     int            `json:"tested"`
	Raw        int            `json:"raw"`
	Within     int            `json:"within_class"`
	Twin       int            `json:"twin"`
	Named      int            `json:"named"` // units that carry the concept as their label, present or absent
	Strongest  *model.Address `json:"strongest,omitempty"`
	StrongTwin *model.Address `json:"strongest_twin,omitempty"` // by |effect in sd| on select
}

// Detectors counts the units that overlap a part.
type Detectors struct {
	Part      int            `json:"part"`
	Tested    int            `json:"tested"`
	BeatNull  int            `json:"beat_null"`
	Detectors int            `json:"detectors"`
	Strongest *model.Address `json:"strongest,omitempty"` // by IoU on select
}

// Exclusion is what was left out of the tests, and why.
type Exclusion struct {
	What  string          `json:"what"` // "dead units (activation never above 0)"
	Units []model.Address `json:"units,omitempty"`
	Names []string        `json:"names,omitempty"` // of concepts
}

// Sheet shows the images that drive a unit most.
type Sheet struct {
	Address model.Address `json:"address"`
	Images  []Exemplar    `json:"images"`
}

// Exemplar is an image and what a unit does on it.
type Exemplar struct {
	Image int     `json:"image"` // index in the Set
	Name  string  `json:"name"`
	Value float64 `json:"value"` // the unit's summary
	// Map is the unit's activation at Rows × Cols positions; nil for a dense unit.
	Map        []float32 `json:"-"`
	Rows, Cols int       `json:"-"`
}

// Number is a float64 that may be undefined: NaN and infinities are null in JSON.
type Number float64

// Undefined is the Number that is none.
var Undefined = Number(math.NaN())

// Defined tells whether there is a number.
func (n Number) Defined() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes null for what JSON has no number for.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Defined() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(data []byte) error {
	var v *float64
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Undefined
	if v != nil {
		*n = Number(*v)
	}
	return nil
}
