"""What the equations have in common."""
import math


def log_sigmoid(z):
    return -math.log1p(math.exp(-z)) if z > -30 else z - math.log1p(math.exp(z))


def sigmoid(z):
    return math.exp(log_sigmoid(z))


def bernoulli(choice, z):
    """log p(choice) where p(1) = logistic(z)"""
    return log_sigmoid(z if choice == 1 else -z)


def log_softmax(u, k):
    top = max(u)
    return u[k] - top - math.log(sum(math.exp(x - top) for x in u))


def softmax(u):
    return [math.exp(log_softmax(u, k)) for k in range(len(u))]


def power(a, b):
    return 0.0 if a == 0 else a**b
