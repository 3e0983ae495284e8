package ablate

import "neuroprobe/probe"

// Table has a row for each neuron and kind, in the order of the neurons: the address, what the
// neuron does, its rank on select, and every change with the ends of its interval (.low, .high)
// and, where there is a test, its p (.p) and the p adjusted for its family (.adjusted_p).
func (r *SweepResult) Table() []probe.TableColumn {
	t := &tableOf{result: r}
	collect(t, "neuron", func(u *SweptNeuron, _ *NeuronLesion) string { return u.Address.String() })
	collect(t, "layer", func(u *SweptNeuron, _ *NeuronLesion) int { return u.Address.Layer })
	collect(t, "layer_name", func(u *SweptNeuron, _ *NeuronLesion) string { return r.layerName(u.Address.Layer) })
	collect(t, "unit", func(u *SweptNeuron, _ *NeuronLesion) int { return u.Address.Unit })
	collect(t, "kind", func(_ *SweptNeuron, l *NeuronLesion) string { return string(l.Kind) })
	collect(t, "n", func(*SweptNeuron, *NeuronLesion) int { return r.Images })
	collect(t, "fires", func(u *SweptNeuron, _ *NeuronLesion) int { return u.Fires })
	collect(t, "mean_activation", func(u *SweptNeuron, _ *NeuronLesion) probe.Number { return probe.Number(u.Mean) })
	collect(t, "dead", func(u *SweptNeuron, _ *NeuronLesion) bool { return u.Dead })
	collect(t, "moved", func(_ *SweptNeuron, l *NeuronLesion) bool { return l.Moved })
	collect(t, "select_rank", func(_ *SweptNeuron, l *NeuronLesion) int { return l.Select.Rank })
	collect(t, "select_layer_rank", func(_ *SweptNeuron, l *NeuronLesion) int { return l.Select.LayerRank })
	collect(t, "select_effect", func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return probe.Number(l.Select.Metric) })
	collect(t, "right_to_wrong", func(_ *SweptNeuron, l *NeuronLesion) int { return l.RightToWrong })
	collect(t, "wrong_to_right", func(_ *SweptNeuron, l *NeuronLesion) int { return l.WrongToRight })

	t.tested("accuracy", func(l *NeuronLesion) Tested { return l.Accuracy })
	t.change("balanced_accuracy", func(l *NeuronLesion) Change { return l.Balanced })
	t.change("cross_entropy", func(l *NeuronLesion) Change { return l.CrossEntropy })
	t.tested("logit_difference", func(l *NeuronLesion) Tested { return l.LogitDiff })
	for c, class := range r.Classes {
		t.change("recall."+class, func(l *NeuronLesion) Change { return l.Recall[c] })
		t.tested("logit_difference."+class, func(l *NeuronLesion) Tested { return l.ByClass[c] })
	}
	for f, feature := range r.Features {
		t.change("logit_difference.with."+feature, func(l *NeuronLesion) Change { return l.With[f] })
		t.tested("contrast."+feature, func(l *NeuronLesion) Tested { return l.Contrast[f] })
	}
	return t.columns
}

func (r *SweepResult) layerName(number int) string {
	for _, l := range r.Layers {
		if l.Number == number {
			return l.Name
		}
	}
	return ""
}

// tableOf collects the columns of a sweep's table.
type tableOf struct {
	result  *SweepResult
	columns []probe.TableColumn
}

// collect reads a value of every row.
func collect[T any](t *tableOf, name string, of func(*SweptNeuron, *NeuronLesion) T) {
	var values []T
	for i := range t.result.Neurons {
		u := &t.result.Neurons[i]
		for k := range u.Lesions {
			values = append(values, of(u, &u.Lesions[k]))
		}
	}
	t.columns = append(t.columns, probe.TableColumn{Name: name, Values: values})
}

func (t *tableOf) change(name string, of func(*NeuronLesion) Change) {
	collect(t, name, func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return of(l).Estimate })
	collect(t, name+".low", func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return of(l).Low })
	collect(t, name+".high", func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return of(l).High })
}

func (t *tableOf) tested(name string, of func(*NeuronLesion) Tested) {
	t.change(name, func(l *NeuronLesion) Change { return of(l).Change })
	collect(t, name+".p", func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return of(l).P })
	collect(t, name+".adjusted_p", func(_ *SweptNeuron, l *NeuronLesion) probe.Number { return of(l).Adjusted })
}
