package datasets

import "math"

// PetfaceFeature is one row of the table petfaces are drawn from. Given the class, features
// are present or absent independently of one another.
type PetfaceFeature struct {
	Name    string
	Part    string // the image region in which it shows
	Present string // what is drawn where it is present …
	Absent  string // … and where it is not
	// Cat and Dog are the probabilities that the feature is present, given the class.
	Cat, Dog float64
}

// Cue is the class whose faces have the feature more often.
func (f PetfaceFeature) Cue() string {
	if f.Cat >= f.Dog {
		return petfaceClasses[cat]
	}
	return petfaceClasses[dog]
}

// Validity is the accuracy of the best classifier that sees this feature and nothing else,
// ½ + |P(present|cat) − P(present|dog)| / 2 for classes of equal size.
func (f PetfaceFeature) Validity() float64 { return 0.5 + math.Abs(f.Cat-f.Dog)/2 }

// The classes of petfaces, as indices into petfaceClasses.
const (
	cat = iota
	dog
)

var petfaceClasses = []string{"cat", "dog"}

// The features of petfaces, as indices into petfaceTable and petface.has.
const (
	pointedEars = iota
	whiskers
	slitPupils
	stripedCoat
	longMuzzle
	largeNose
	tongueOut
	eyePatch
	petfaceFeatureCount
)

// petfaceTable holds every probability of the data set. Four features speak for a cat, four
// for a dog; all are right more often than not and none always, so that no single neuron
// need carry the decision and a lesion of one detector can be made up for by others.
var petfaceTable = [petfaceFeatureCount]PetfaceFeature{
	//            name            part        present                           absent                          P(·|cat) P(·|dog)
	pointedEars: {"pointed-ears", "ears", "upright triangles", "ears hanging down the sides", 0.88, 0.12},
	whiskers:    {"whiskers", "whiskers", "three light lines a side", "none", 0.82, 0.22},
	slitPupils:  {"slit-pupils", "eyes", "narrow upright pupils", "round pupils", 0.85, 0.15},
	stripedCoat: {"striped-coat", "stripes", "dark stripes on forehead and cheeks", "plain coat", 0.72, 0.26},
	longMuzzle:  {"long-muzzle", "muzzle", "large snout down past the chin", "small flat muzzle", 0.14, 0.86},
	largeNose:   {"large-nose", "nose", "broad black nose", "tiny nose", 0.20, 0.82},
	tongueOut:   {"tongue-out", "tongue", "pink tongue below the mouth", "none", 0.16, 0.70},
	eyePatch:    {"eye-patch", "patch", "blotch around one eye", "none", 0.22, 0.70},
}

// PetfaceFeatures is the table petfaces are drawn from, in the order of Set.Features.
func PetfaceFeatures() []PetfaceFeature {
	table := petfaceTable
	return table[:]
}

// petfaceParts are the regions masks can be asked for, in the order of Set.Parts.
var petfaceParts = []string{"ears", "eyes", "muzzle", "nose", "whiskers", "tongue", "stripes", "patch", "background"}

// The parts as indices into petfaceParts. What belongs to no part (the plain coat, the
// occluder) is partNone.
const (
	partEars = iota
	partEyes
	partMuzzle
	partNose
	partWhiskers
	partTongue
	partStripes
	partPatch
	partBackground
	partNone
	petfaceLayerCount
)
