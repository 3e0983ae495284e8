package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// latents samples the latents of n training images, without drawing them.
func latents(seed uint64, n int) []petface {
	faces := make([]petface, n)
	for k := range faces {
		faces[k] = petfaceAt(seed, Train, k)
	}
	return faces
}

func TestPetfaceTableKeepsItsPromises(t *testing.T) {
	if len(petfaceTable) < 8 {
		t.Errorf("%d features", len(petfaceTable))
	}
	cues := map[string]int{}
	for _, f := range PetfaceFeatures() {
		cues[f.Cue()]++
		for kind, v := range map[string]float64{
			"accuracy of the feature alone": f.Validity(),
			"P(class|present)":              max(f.Cat, f.Dog) / (f.Cat + f.Dog),
			"P(class|absent)":               max(1-f.Cat, 1-f.Dog) / (2 - f.Cat - f.Dog),
		} {
			if v < 0.7 || v > 0.95 {
				t.Errorf("%s: %s is %.3f", f.Name, kind, v)
			}
		}
	}
	if cues["cat"] < 2 || cues["dog"] < 2 {
		t.Errorf("cues: %v", cues)
	}
	PetfaceFeatures()[0].Name = "changed"
	if petfaceTable[0].Name == "changed" {
		t.Error("PetfaceFeatures hands out the table itself")
	}
}

func TestPetfaceFeaturesFollowTheTable(t *testing.T) {
	faces := latents(11, 20000)
	for class := range petfaceClasses {
		for f, row := range petfaceTable {
			want := []float64{row.Cat, row.Dog}[class]
			n, k := 0.0, 0.0
			for _, p := range faces {
				if p.class != class {
					continue
				}
				n++
				if p.has[f] {
					k++
				}
			}
			if z := (k - n*want) / math.Sqrt(n*want*(1-want)); math.Abs(z) > 4.5 {
				t.Errorf("P(%s|%s) is %.4f, the table says %.4f (z = %.1f)", row.Name, petfaceClasses[class], k/n, want, z)
			}
		}
	}
}

func TestPetfaceFeaturesAreIndependentGivenTheClass(t *testing.T) {
	faces := latents(12, 20000)
	for class := range petfaceClasses {
		for f := range petfaceTable {
			for g := range f {
				var n, a, b, ab float64
				for _, p := range faces {
					if p.class == class {
						n, a, b, ab = n+1, a+bit(p.has[f]), b+bit(p.has[g]), ab+bit(p.has[f] && p.has[g])
					}
				}
				phi := (n*ab - a*b) / math.Sqrt(a*(n-a)*b*(n-b))
				if math.Abs(phi)*math.Sqrt(n) > 4.5 {
					t.Errorf("among %ss %s and %s correlate: %.3f", petfaceClasses[class], petfaceTable[f].Name, petfaceTable[g].Name, phi)
				}
			}
		}
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// numbers lists every number of a struct, so that a nuisance added later is tested too.
func numbers(v reflect.Value) []float64 {
	switch v.Kind() {
	case reflect.Struct:
		var all []float64
		for k := range v.NumField() {
			all = append(all, numbers(v.Field(k))...)
		}
		return all
	case reflect.Array:
		var all []float64
		for k := range v.Len() {
			all = append(all, numbers(v.Index(k))...)
		}
		return all
	case reflect.Float32, reflect.Float64:
		return []float64{v.Float()}
	case reflect.Int:
		return []float64{float64(v.Int())}
	case reflect.Uint64:
		return []float64{float64(v.Uint()) / (1 << 64)}
	case reflect.Bool:
		return []float64{bit(v.Bool())}
	}
	panic(v.Kind())
}

func TestPetfaceNuisancesSayNothingAboutTheClass(t *testing.T) {
	faces := latents(13, 6000)
	var nuisances, features [][]float64
	var labels []int
	for _, p := range faces {
		nuisances = append(nuisances, numbers(reflect.ValueOf(p.nuisance)))
		features = append(features, numbers(reflect.ValueOf(p.has)))
		labels = append(labels, p.class)
	}
	if n := len(nuisances[0]); n < 40 {
		t.Fatalf("only %d nuisance numbers found", n)
	}
	for k := range nuisances[0] {
		if z := classDifference(nuisances, labels, k); math.Abs(z) > 4.5 {
			t.Errorf("nuisance number %d differs between the classes: z = %.1f", k, z)
		}
	}
	if acc := logisticAccuracy(nuisances, labels); acc > chance(len(labels)) {
		t.Errorf("a logistic regression tells the class from the nuisances with accuracy %.3f", acc)
	}
	// The same regression must find the class where it is.
	if acc := logisticAccuracy(features, labels); acc < 0.96 {
		t.Errorf("a logistic regression tells the class from the features with accuracy %.3f only", acc)
	}
}

// TestPetfaceColoursSayNothingAboutTheClass asks the pixels themselves: the image's upper
// corners hold nothing but background.
func TestPetfaceColoursSayNothingAboutTheClass(t *testing.T) {
	s := openFaces(t, Options{Seed: 14, Train: 1000, Select: 1000, Confirm: 1000})
	var corners [][]float64
	for i := range s.Len() {
		var mean []float64
		for c := range 3 {
			sum := 0.0
			for _, k := range []int{0, 1, 32, 33, 30, 31, 62, 63} {
				sum += float64(s.Image(i)[c*1024+k])
			}
			mean = append(mean, sum/8)
		}
		corners = append(corners, mean)
	}
	for k := range 3 {
		if z := classDifference(corners, s.Labels, k); math.Abs(z) > 4.5 {
			t.Errorf("channel %d of the corners differs between the classes: z = %.1f", k, z)
		}
	}
	if acc := logisticAccuracy(corners, s.Labels); acc > chance(s.Len()) {
		t.Errorf("the corners' mean colour tells the class with accuracy %.3f", acc)
	}
}

// chance is what guessing may reach on the third of n images that logisticAccuracy holds
// out: one half and 4 standard errors.
func chance(n int) float64 { return 0.5 + 4*0.5/math.Sqrt(float64(n)/3) }

// classDifference is the z-value of column k's difference of means between the classes.
func classDifference(x [][]float64, labels []int, k int) float64 {
	var n, sum, squares [2]float64
	for i, row := range x {
		l := labels[i]
		n[l], sum[l], squares[l] = n[l]+1, sum[l]+row[k], squares[l]+row[k]*row[k]
	}
	variance := func(l int) float64 { m := sum[l] / n[l]; return (squares[l]/n[l] - m*m) / n[l] }
	return (sum[0]/n[0] - sum[1]/n[1]) / math.Sqrt(variance(0)+variance(1))
}

// logisticAccuracy fits a logistic regression on two thirds of the rows by gradient descent
// and scores it on the others.
func logisticAccuracy(x [][]float64, labels []int) float64 {
	x = standardised(x)
	n, w := len(x)*2/3, make([]float64, len(x[0])+1)
	logit := func(row []float64) float64 {
		z := w[len(row)]
		for k, v := range row {
			z += w[k] * v
		}
		return z
	}
	for range 100 {
		g := make([]float64, len(w))
		for i := range n {
			e := 1/(1+math.Exp(-logit(x[i]))) - float64(labels[i])
			for k, v := range x[i] {
				g[k] += e * v
			}
			g[len(w)-1] += e
		}
		for k := range w {
			w[k] -= g[k] / float64(n)
		}
	}
	right := 0
	for i := n; i < len(x); i++ {
		if (logit(x[i]) > 0) == (labels[i] == 1) {
			right++
		}
	}
	return float64(right) / float64(len(x)-n)
}

func standardised(x [][]float64) [][]float64 {
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = make([]float64, len(x[i]))
	}
	for k := range x[0] {
		var sum, squares float64
		for _, row := range x {
			sum, squares = sum+row[k], squares+row[k]*row[k]
		}
		m := sum / float64(len(x))
		sd := math.Sqrt(squares/float64(len(x)) - m*m)
		for i, row := range x {
			out[i][k] = (row[k] - m) / max(sd, 1e-9)
		}
	}
	return out
}

func TestBayesAccuracyByHand(t *testing.T) {
	feature := func(pCat, pDog float64) PetfaceFeature { return PetfaceFeature{Cat: pCat, Dog: pDog} }
	cases := []struct {
		name     string
		features []PetfaceFeature
		want     float64
	}{
		{"nothing to see", nil, 0.5},
		{"one feature", []PetfaceFeature{feature(0.9, 0.1)}, 0.9},
		{"one feature, the dog's", []PetfaceFeature{feature(0.1, 0.9)}, 0.9},
		// present: max(0.6, 0.2), absent: max(0.4, 0.8), halved
		{"lopsided", []PetfaceFeature{feature(0.6, 0.2)}, 0.7},
		// the second never overrules the first: 0.9
		{"strong and weak", []PetfaceFeature{feature(0.9, 0.1), feature(0.3, 0.7)}, 0.9},
		// a majority of three: 0.8³ + 3·0.8²·0.2
		{"majority", []PetfaceFeature{feature(0.8, 0.2), feature(0.8, 0.2), feature(0.2, 0.8)}, 0.896},
		{"uninformative", []PetfaceFeature{feature(0.4, 0.4), feature(0.75, 0.25)}, 0.75},
	}
	for _, c := range cases {
		if got := bayesAccuracy(c.features); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %.6f, want %.6f", c.name, got, c.want)
		}
	}
}

// The oracle does not enumerate: it draws faces and decides each by its log odds.
func TestPetfaceBoundByMonteCarlo(t *testing.T) {
	const n = 200000
	r := rand.New(rand.NewPCG(1, 2))
	right := 0
	for k := range n {
		p := samplePetface(r, k%2)
		odds := 0.0
		for f, row := range petfaceTable {
			if p.has[f] {
				odds += math.Log(row.Cat / row.Dog)
			} else {
				odds += math.Log((1 - row.Cat) / (1 - row.Dog))
			}
		}
		if (odds > 0) == (p.class == cat) {
			right++
		}
	}
	bound := petfaceBound().Accuracy
	got := float64(right) / n
	if se := math.Sqrt(bound * (1 - bound) / n); math.Abs(got-bound) > 4*se {
		t.Errorf("bound %.5f, the best classifier reaches %.5f ± %.5f", bound, got, se)
	}
	if bound < 0.95 || bound > 0.98 {
		t.Errorf("bound %.4f", bound)
	}
}

func ExamplePetfaceFeatures() {
	for _, f := range PetfaceFeatures() {
		fmt.Printf("%-13s %.2f %.2f  %s %.3f\n", f.Name, f.Cat, f.Dog, f.Cue(), f.Validity())
	}
	fmt.Printf("bound %.4f\n", bayesAccuracy(PetfaceFeatures()))
	// Output:
	// pointed-ears  0.88 0.12  cat 0.880
	// whiskers      0.82 0.22  cat 0.800
	// slit-pupils   0.85 0.15  cat 0.850
	// striped-coat  0.72 0.26  cat 0.730
	// long-muzzle   0.14 0.86  dog 0.860
	// large-nose    0.20 0.82  dog 0.810
	// tongue-out    0.16 0.70  dog 0.770
	// eye-patch     0.22 0.70  dog 0.740
	// bound 0.9792
}
