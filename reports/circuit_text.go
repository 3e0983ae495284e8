package reports

import (
	"fmt"
	"strings"
)

// mermaid is the drawing as a flowchart, which code hosts show. Links that inhibit are dotted and end
// in a cross; heavy ones are thick.
func (d circuitDrawing) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	var strong []string
	for _, nodes := range d.byLayer() {
		l := nodes[0].layer
		fmt.Fprintf(&b, "  subgraph L%d[\"%s\"]\n", l, mermaidText(d.layers[l]))
		for _, n := range nodes {
			lines := make([]string, len(n.lines))
			for k, line := range n.lines {
				lines[k] = mermaidText(line)
			}
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", mermaidID(n.id), strings.Join(lines, "<br/>"))
			if n.emphasis {
				strong = append(strong, mermaidID(n.id))
			}
		}
		b.WriteString("  end\n")
	}
	pale := d.hasEmphasis()
	for _, e := range d.edges {
		link := "-->"
		if !e.excitatory {
			link = "-.-x"
		}
		if e.text != "" {
			link += "|\"" + mermaidText(e.text) + "\"|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", mermaidID(e.from), link, mermaidID(e.to))
	}
	for k, e := range d.edges {
		colour := strokeColour(e.excitatory)
		opacity := ""
		if pale && !e.emphasis {
			opacity = ",opacity:0.4"
		}
		fmt.Fprintf(&b, "  linkStyle %d stroke:#%02X%02X%02X,stroke-width:%spx%s\n", k, colour.R, colour.G, colour.B, fixed(d.thickness(e, 1, 6), 1), opacity)
	}
	if len(strong) > 0 {
		fmt.Fprintf(&b, "  classDef strong stroke-width:3px\n  class %s strong\n", strings.Join(strong, ","))
	}
	return b.String()
}

// mermaidID is an address as Mermaid takes it.
func mermaidID(id string) string {
	return "n" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, id)
}

// mermaidText writes every character that Mermaid, or the HTML it makes, might read as markup by its
// number.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range elide(text, longestLabel) {
		if strings.ContainsRune("\"`#<>&|\\*~${}[];", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// dot is the drawing for Graphviz.
func (d circuitDrawing) dot() string {
	var b strings.Builder
	b.WriteString("digraph circuit {\n  rankdir=LR; newrank=true; nodesep=0.12; ranksep=1.2;\n")
	b.WriteString("  node [shape=box, fontname=\"Liberation Sans\", fontsize=11];\n  edge [fontname=\"Liberation Sans\", fontsize=9];\n")
	if len(d.edges) > manyEdges {
		b.WriteString("  splines=line; // so many curves would take minutes\n")
	}
	for _, nodes := range d.byLayer() {
		l := nodes[0].layer
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s; color=\"#E4E8EC\"; rank=same;\n", l, dotText(d.layers[l]))
		for _, n := range nodes {
			more := ""
			if n.emphasis {
				more = ", penwidth=2.5"
			}
			fmt.Fprintf(&b, "    %s [label=%s%s];\n", dotText(n.id), dotText(n.lines...), more)
		}
		b.WriteString("  }\n")
	}
	pale := d.hasEmphasis()
	for _, e := range d.edges {
		colour := strokeColour(e.excitatory)
		style := fmt.Sprintf("color=\"#%02X%02X%02X", colour.R, colour.G, colour.B)
		if pale && !e.emphasis {
			style += "60"
		}
		style += "\", penwidth=" + fixed(d.thickness(e, 0.5, 6), 2)
		if !e.excitatory {
			style += ", style=dashed, arrowhead=tee"
		}
		if e.text != "" {
			style += ", label=" + dotText(e.text)
		}
		fmt.Fprintf(&b, "  %s -> %s [%s];\n", dotText(e.from), dotText(e.to), style)
	}
	b.WriteString("}\n")
	return b.String()
}

// manyEdges is where Graphviz's curves get slow.
const manyEdges = 300

// dotText is a quoted string of lines.
func dotText(lines ...string) string {
	quoted := make([]string, len(lines))
	for k, line := range lines {
		quoted[k] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain(line))
	}
	return `"` + strings.Join(quoted, `\n`) + `"`
}
