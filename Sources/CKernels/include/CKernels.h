#ifndef GRAFT_CKERNELS_H
#define GRAFT_CKERNELS_H

#include "convolution.h"
#include "depthwise.h"
#include "elementwise.h"
#include "kernels.h"
#include "pause.h"
#include "pooling.h"
#include "product.h"
#include "resample.h"
#include "training.h"
#include "winograd.h"

#endif
