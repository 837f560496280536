/* random_choice: one option is preferred, nothing is learned: the least that any model should beat. Wilson & Collins 2019, model 1. */
#define PARAMETERS(parameter) parameter(bias, identity, "log odds of option 1")
#define COLUMNS(column) column(choice, response, codes(2, NULL), "option chosen")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { choose_binary(choice, p->bias); }

MODEL(random_choice, .family = "bandit", .task = "bandit", .about = "choice at random with a bias, two options",
      .reference = "Wilson & Collins 2019, eLife 8:e49547", .equations = "p(choice = 1) = logistic(bias)")
