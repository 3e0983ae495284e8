package datasets

import "math"

type point struct{ x, y float64 }

// outline is a closed shape. Round ones are quadratic splines pulled by their points,
// others are polygons.
type outline struct {
	points []point
	round  bool
}

func polygon(points ...point) outline { return outline{points: points} }

func blob(points ...point) outline { return outline{points: points, round: true} }

// ellipse has half axes rx and ry, turned by angle.
func ellipse(centre point, rx, ry, angle float64) outline {
	const corners = 8
	// The spline touches the middle of each side of its polygon, so the polygon is the one
	// drawn around the circle.
	reach := 1 / math.Cos(math.Pi/corners)
	o := outline{points: make([]point, corners), round: true}
	turn := newFrame(centre.x, centre.y, 1, angle)
	for k := range o.points {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / corners)
		o.points[k] = turn.place(point{rx * reach * cos, ry * reach * sin})
	}
	return o
}

// ribbon follows the quadratic curve from a by way of b to c; its width runs from start to end.
func ribbon(a, b, c point, start, end float64) outline {
	const steps = 6
	o := outline{points: make([]point, 2*(steps+1))}
	for k := range steps + 1 {
		t := float64(k) / steps
		at := point{
			(1-t)*(1-t)*a.x + 2*t*(1-t)*b.x + t*t*c.x,
			(1-t)*(1-t)*a.y + 2*t*(1-t)*b.y + t*t*c.y,
		}
		dx := (1-t)*(b.x-a.x) + t*(c.x-b.x)
		dy := (1-t)*(b.y-a.y) + t*(c.y-b.y)
		half := (start + (end-start)*t) / 2 / math.Hypot(dx, dy)
		o.points[k] = point{at.x - dy*half, at.y + dx*half}
		o.points[len(o.points)-1-k] = point{at.x + dy*half, at.y - dx*half}
	}
	return o
}

// mirror reflects the outline in the vertical axis where side is negative.
func (o outline) mirror(side float64) outline {
	for k := range o.points {
		o.points[k].x *= side
	}
	return o
}

// grow moves every point away from the points' mean by the given distance: a rim for shapes
// that are roughly round.
func (o outline) grow(by float64) outline {
	var m point
	for _, p := range o.points {
		m.x += p.x / float64(len(o.points))
		m.y += p.y / float64(len(o.points))
	}
	grown := outline{points: make([]point, len(o.points)), round: o.round}
	for k, p := range o.points {
		dx, dy := p.x-m.x, p.y-m.y
		s := 1 + by/math.Hypot(dx, dy)
		grown.points[k] = point{m.x + dx*s, m.y + dy*s}
	}
	return grown
}
