package reports

import (
	"fmt"
	"strings"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

func TestTrainAnswer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *TrainReport)
		want   string
	}{
		{"no bound known", func(r *TrainReport) { r.Set.Bound = nil },
			"The network answers 183 of 200 confirm images right: accuracy 91.5 % (95 % interval [86.8, 94.6] %)."},
		{"chance", func(r *TrainReport) {
			r.Set.Bound = nil
			r.Confirm.Correct, r.Confirm.Accuracy, r.Accuracy = 104, 0.52, CI{0.451, 0.588}
		}, "The network answers 104 of 200 confirm images right: accuracy 52.0 % (95 % interval [45.1, 58.8] %); that is not detectably better than always answering cat (50.0 %)."},
	} {
		r := fixtureTrain(t)
		set := *r.Set
		r.Set = &set
		tt.change(&r)
		if got := r.answer(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestTrainWithManyClassesAndSpecimens(t *testing.T) {
	const k = 20
	r := fixtureTrain(t)
	set := datasets.Set{Source: "idx:x", Channels: 1, Height: 2, Width: 2}
	for c := range k {
		set.Classes = append(set.Classes, fmt.Sprintf("class %d", c))
	}
	for i := range 3 * k {
		set.Labels = append(set.Labels, i%k)
		set.Images = append(set.Images, 0, 0.3, 0.6, 1)
	}
	s, err := datasets.New(set, k, k, k)
	if err != nil {
		t.Fatal(err)
	}
	r.Set = s
	spec := model.Spec{Name: "skip", Input: model.Shape{1, 2, 2}, Layers: []model.Layer{
		{Name: "a", Kind: model.Conv2D, Units: 2, Kernel: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Conv2D, Units: 2, Kernel: 1, Inputs: []int{1}, Activation: model.ReLU},
		{Name: "c", Kind: model.Add, Inputs: []int{1, 2}, Activation: model.ReLU, Pool: &model.Pool{Kind: model.MaxPool, Size: 2, Stride: 1}},
		{Name: "d", Kind: model.Conv2D, Units: k, Kernel: 1, Inputs: []int{3}, Activation: model.Identity},
	}}
	params := []model.Params{{}, {Weight: make([]float32, 2), Bias: make([]float32, 2)}, {Weight: make([]float32, 4), Bias: make([]float32, 2)}, {},
		{Weight: make([]float32, 2*k), Bias: make([]float32, k)}}
	if r.Network, err = model.NewNetwork(spec, params, []float32{0}, []float32{1}, set.Classes); err != nil {
		t.Fatal(err)
	}
	r.Confirm = model.Evaluation{Split: datasets.Confirm, Images: k, Correct: k - 1, Accuracy: 0.95, Confusion: make([][]int, k)}
	r.Recall = nil
	for c := range k {
		r.Confirm.Confusion[c] = make([]int, k)
		r.Confirm.Confusion[c][c] = 1
	}
	r.Confirm.Confusion[3][3], r.Confirm.Confusion[3][8] = 0, 1
	for i := range 50 {
		r.Specimens = append(r.Specimens, Specimen{Seed: uint64(i + 1), Path: fmt.Sprintf("specimens/%02d.safetensors", i+1), Accuracy: 0.9 + float64(i)/1000})
	}
	text := string(Train(r).Markdown("0001-train"))
	for _, want := range []string{
		"tell 20 classes apart",
		"**The most frequent confusions**",
		"| class 3 | class 8  |      1 |      100.0 % |",
		"50 networks were raised alike but for their seed. Their accuracies on the confirm split run from 90.0 % to 94.9 %.",
		"10 more specimens not listed here",
		"| smallest class | largest class |",
		"No image of the confirm split was answered wrong.",
		"sum of layers 1 and 2, ReLU, max pool 2×2, stride 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the entry does not say %q", want)
		}
	}
	for _, not := range []string{"One network is one specimen", "best possible", "NaN", "curves.png"} {
		if strings.Contains(text, not) {
			t.Errorf("the entry says %q", not)
		}
	}
}

func TestHostileNamesStayText(t *testing.T) {
	r := fixtureAblate(t)
	r.Result.Classes = []string{"a|b*c*", "<img src=x>\n# d"}
	r.Network.Classes = r.Result.Classes
	r.Result.Changed[0].Name = "x](http://evil) | `y` \x1b[2J"
	for line := range strings.Lines(string(Ablate(r).Markdown("0001-x"))) {
		for _, bad := range []string{" <img", "|b*c*", "x](http", "\x1b"} {
			if strings.Contains(line, bad) {
				t.Errorf("markup survives: %s", line)
			}
		}
		if strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "# Ablation") || strings.HasPrefix(line, "\\# d") {
			t.Errorf("a name broke its line: %s", line)
		}
	}
	if strings.Contains(Terminal(Ablate(r)), "\x1b") {
		t.Error("a control sequence reaches the terminal")
	}
}
