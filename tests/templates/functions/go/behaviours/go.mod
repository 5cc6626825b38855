module example.com/behaviours

go 1.26

require github.com/ettle/strcase v0.2.0
