package reports

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
)

// SpecimensReport is an experiment on neurons of one network and their homologues in others.
type SpecimensReport struct {
	Source
	Files       []string // of the specimens, as the lab names them
	Replication ablate.Replication
}

// Specimens is the entry of an experiment made in several networks.
func Specimens(r SpecimensReport) Entry {
	var targets []ablate.Target
	for _, a := range r.Replication.Targets {
		targets = append(targets, ablate.Target{Address: a, Layer: r.Network.Layer(a.Layer).Name})
	}
	t := nameTargets(r.Network, targets)
	e := Entry{
		Kind:     "ablate-specimens",
		Slug:     Slug(t.slug, "specimens"),
		Title:    fmt.Sprintf("%s and its homologues in %s", capital(t.name), plural(len(r.Replication.Specimens), "network")),
		Question: fmt.Sprintf("Is what %s (%s) does a property of networks like this one, or an accident of one of them?", t.name, t.where),
		Answer:   r.answer(t),
		Method:   r.method(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(r.Replication.Split, r.Replication.Seed, append(specimenFiles(r.Files, r.facts()),
			Fact{"bootstrap resamples", Count(r.Replication.Resamples)}, Fact{"permutations", Count(r.Replication.Permutations)})...),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			ablate.Replication
		}{r.Replication.Split.String(), r.Replication},
	}
	if t.many {
		e.Title = strings.Replace(e.Title, " and its ", " and their ", 1)
		e.Question = strings.Replace(e.Question, ") does ", ") do together ", 1)
	}
	for k, s := range r.Replication.Specimens {
		if s.Excluded != "" {
			if len(e.Exclusions) == 0 {
				e.Exclusions = []Exclusion{{}}
			}
			e.Exclusions[0].Count++
			_, e.Exclusions[0].What, _ = strings.Cut(plural(e.Exclusions[0].Count, "network"), " ")
			e.Exclusions[0].What += " without a homologue"
			e.Exclusions[0].Examples = append(e.Exclusions[0].Examples, fmt.Sprintf("network %s (%s): %s", s.Name, r.Files[k], s.Excluded))
		}
	}
	e.Sections = nonEmpty(r.effectSection(), r.matchSection(), networksSection(r.Files, r.facts(), r.Replication.Split, r.Replication.Images))
	return e
}

func (r SpecimensReport) facts() []ablate.SpecimenFacts {
	var all []ablate.SpecimenFacts
	for _, s := range r.Replication.Specimens {
		all = append(all, s.SpecimenFacts)
	}
	return all
}

// specimenFiles are the digests of the networks beside the reference.
func specimenFiles(files []string, specimens []ablate.SpecimenFacts) []Fact {
	var facts []Fact
	for k, s := range specimens[1:] {
		facts = append(facts, Fact{"network " + s.Name, files[k+1]}, Fact{"digest of network " + s.Name, s.Digest})
	}
	return facts
}

// networksSection tells what the specimens are.
func networksSection(files []string, specimens []ablate.SpecimenFacts, split datasets.Split, images int) Section {
	t := Table{Columns: append(textColumns("network", "file"), numberColumns("seed", "intact accuracy")...)}
	for k, s := range specimens {
		t.Rows = append(t.Rows, []string{specimenName(k, s), files[k], fmt.Sprint(s.Seed), Percent(s.Accuracy)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Accuracy on %s of the %s split.", plural(images, "image"), split)}}
	return Section{"Networks", []Block{t}}
}

// specimenName marks the reference.
func specimenName(k int, s ablate.SpecimenFacts) string {
	if k == 0 {
		return s.Name + " (reference)"
	}
	return s.Name
}

// effectText is a change, or a mean of changes, with its interval.
func effectText(x float64, percent bool) string {
	if percent {
		return Points(x)
	}
	return Signed(x)
}

func effectInterval(low, high float64, percent bool) string {
	if percent {
		return PointsInterval(low, high)
	}
	return SignedInterval(low, high)
}

// answer speaks of the first experiment, and of the others' penetrance.
func (r SpecimensReport) answer(t targets) string {
	e := r.Replication.Effects[0]
	h := e.Headlines[0]
	homologues := "its homologue"
	if t.many {
		homologues = "their homologues"
	}
	s := fmt.Sprintf("%s is %s for %s in the reference (95 %% interval %s, n = %s)", capital(e.Quantity),
		effectText(h.Estimate, e.Percent), t.name, effectInterval(h.Low, h.High, e.Percent), plural(h.N, r.Replication.Split.String()+" image"))
	switch {
	case e.Others.Of == 0:
		return s + fmt.Sprintf("; nothing is known of networks like it, for no other has %s (%s).", homologues, r.Replication.Specimens[1].Excluded)
	case !h.Detected():
		s += ", not distinguishable from 0, so that there is no established effect to find again"
	default:
		s += fmt.Sprintf("; it shows for %s in %s other networks, with the reference in %s (95 %% interval of that rate %s)",
			homologues, ofAll(e.Others), ofAll(e.All), PercentInterval(e.All.Low, e.All.High))
	}
	if c := e.ControlsOfAll(); c.Of > 0 && h.Detected() {
		s += fmt.Sprintf(", and in %d of %d random %s of the same %s", c.Alike, c.Of, r.setsName(), r.layersName())
		if 2*c.Alike >= c.Of {
			s += ", so that to have it is no mark of a homologue"
		}
	}
	if m := e.OthersMean; m.Low.Defined() {
		s += fmt.Sprintf("; mean over the %d others %s (95 %% interval across networks %s)", m.N, effectText(float64(m.Mean), e.Percent), effectInterval(float64(m.Low), float64(m.High), e.Percent))
	} else {
		m := e.Mean
		s += fmt.Sprintf("; mean over %s %s", plural(m.N, "network"), effectText(float64(m.Mean), e.Percent))
		if m.Low.Defined() {
			s += fmt.Sprintf(", the reference among them (95 %% interval across networks %s)", effectInterval(float64(m.Low), float64(m.High), e.Percent))
		} else {
			s += ", too few for an interval"
		}
	}
	if excluded := len(r.Replication.Specimens) - e.All.Of; excluded > 0 {
		s += fmt.Sprintf("; %s without a homologue left out", plural(excluded, "network"))
	}
	for _, other := range r.Replication.Effects[1:] {
		if other.Headlines[0].Detected() {
			s += fmt.Sprintf("; %s shows in %s", other.Quantity, ofAll(other.All))
		}
	}
	return s + "."
}

// setsName is what a control is.
func (r SpecimensReport) setsName() string {
	if n := len(r.Replication.Targets); n > 1 {
		return fmt.Sprintf("sets of %d neurons", n)
	}
	return "neurons"
}

func (r SpecimensReport) layersName() string {
	for _, t := range r.Replication.Targets {
		if t.Layer != r.Replication.Targets[0].Layer {
			return "layers"
		}
	}
	return "layer"
}

// ofAll is "4 of 5".
func ofAll(p ablate.Penetrance) string { return fmt.Sprintf("%d of %d", p.Shows, p.Of) }

// matchingMethod is how homologues are found.
func matchingMethod(images, permutations int) string {
	return fmt.Sprintf("A neuron's homologue is the neuron of the same layer whose activation correlates best with it over the same %s of the select split (Pearson; a channel's activation on an "+
		"image is the mean over its positions; a class's own output neuron and a whole layer need no matching). The best match is one-sided: two neurons may have one homologue, and a match is called mutual "+
		"where the homologue's own best match is the neuron. Match p is from %s of the images: the chance of a best match as good among all neurons of the layer, so that choosing the best is paid for",
		plural(images, "image"), plural(permutations, "shuffle"))
}

func (r SpecimensReport) method() string {
	x := r.Replication
	var methods []string
	for _, e := range x.Effects {
		for _, m := range e.Method {
			if !slices.Contains(methods, m) { // kinds of ablation share sentences
				methods = append(methods, m)
			}
		}
	}
	return fmt.Sprintf("%s networks were raised by the same recipe on the same data from different seeds; the first is the reference. %s, and Benjamini–Hochberg over %s; a best match that does not beat it "+
		"(adjusted p ≥ 0.05) is no homologue, and its network is left out and counted. The experiment is then made in each network on %s of the %s split: %s Intervals in a network are 95 %% paired bootstrap intervals over images "+
		"(%s, seed %d). Penetrance counts networks whose effect has the reference's sign and an interval without 0, with Wilson's interval. Across networks the network is the experimental unit: mean and Student's 95 %% interval over networks. "+
		"The mean of the others leaves the reference out, in which the neuron may have been chosen for its effect.%s",
		capital(numberWord(len(x.Specimens))), matchingMethod(x.Matched, x.Permutations), matches(x.Matches),
		plural(x.Images, "image"), x.Split, strings.Join(methods, " "), plural(x.Resamples, "resample"), x.Seed, r.controlMethod())
}

// controlMethod says what the controls are, where there are any.
func (r SpecimensReport) controlMethod() string {
	for _, e := range r.Replication.Effects {
		if e.ControlsOfAll().Of > 0 {
			return fmt.Sprintf(" Controls are up to 20 random %s of the homologues' %s in each other network, none of them a homologue: if as many of them show the effect, it is not the homologue's own.", r.setsName(), r.layersName())
		}
	}
	return ""
}

// matches is "1 match", "2 matches".
func matches(n int) string {
	if n == 1 {
		return "1 match"
	}
	return Count(n) + " matches"
}

// numberWord writes small numbers out.
func numberWord(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(words) {
		return words[n]
	}
	return Count(n)
}

// specimenCaveats are about all that is done in several networks.
func specimenCaveats(networks int) []string {
	return []string{
		fmt.Sprintf("n = %d networks: the images are repeated measures within each, and however many there are, an interval across networks rests on %d values. Wilson's interval of the penetrance says how little so few networks can show.", networks, networks),
		"Homology by correlation is not identity: a homologue answers the images most alike of its layer, but it may hear other neurons and be heard by others. Compare r with the runner-up's: where they are close, another neuron would have done as well.",
		"Part of every r comes from what all neurons share, the classes above all: r within class is what is left when each class's mean is taken off.",
		"The networks share data and recipe and differ in their seed alone: nothing here speaks of other architectures, data or ways to train.",
	}
}

func (r SpecimensReport) caveats() []string {
	c := specimenCaveats(r.Replication.Effects[0].Mean.N)
	c = append(c, "A neuron without the effect does not show that the network lacks the function: other neurons of it may do the same together (see ablate pairs and ablate shapley).")
	if r.Replication.Split == datasets.Select {
		c = append(c, "Measured on the select split, on which homologues were chosen as well.")
	}
	return c
}

// longestHomologues is how many rows a table has at most.
const longestHomologues = 30
