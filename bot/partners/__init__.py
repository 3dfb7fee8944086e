"""Partners: call desks, other bots and banks that ask, report and are told of warnings over HTTP."""
