/* What the signal detection models share: a stimulus that is noise or signal brings evidence from a normal distribution, and
 * criteria on the evidence make the response. Green & Swets 1966; Macmillan & Creelman 2005. */
#ifndef DETECTION_H
#define DETECTION_H
#define STIMULUS(column) column(stimulus, input, codes(2, "0 = noise, 1 = signal"), "what is shown")
#endif
