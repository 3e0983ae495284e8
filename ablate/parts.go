package ablate

import "fmt"

// Parts keeps the finished parts of a long experiment under names, so that one that was
// interrupted goes on where it stopped. Load fills into (a pointer) and tells whether there was
// something; both encode with encoding/gob.
type Parts interface {
	Load(name string, into any) (bool, error)
	Save(name string, value any) error
}

// Part is a part's value: kept from an interrupted run, or else computed and kept.
func Part[T any](parts Parts, name string, compute func() (T, error)) (T, error) {
	var value T
	if parts == nil {
		return compute()
	}
	kept, err := parts.Load(name, &value)
	if err != nil || kept {
		return value, err
	}
	if value, err = compute(); err != nil {
		return value, err
	}
	if err := parts.Save(name, value); err != nil {
		return value, fmt.Errorf("ablate: keep %s: %w", name, err)
	}
	return value, nil
}
