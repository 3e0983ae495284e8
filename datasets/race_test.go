//go:build race

package datasets

// raceDetector tells a test that reads much data that it runs at a tenth of the speed.
const raceDetector = true
